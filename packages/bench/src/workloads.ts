// The workloads: five kinds of records, as a service would log them.
//
// The field `n` has the number of a record. The same number is the same record in every contender and every round:
// there is no randomness. Values are from pools that are made in advance, so that making them is not measured. A pool
// is longer than the window of a compressor; otherwise records would repeat what it has just seen.

export const WORKLOAD_NAMES = ['request', 'small', 'large', 'error', 'cjk'] as const;
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

export interface Entry {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export interface Workload {
  readonly meaning: string;
  /** The fields that pino adds to every record. The host name is invented. */
  readonly base: Readonly<Record<string, unknown>> | null;
  /** Divides the number of records of a run, for records that are much larger. */
  readonly oneIn: number;
  /** After so many records, values repeat. */
  readonly distinct: number;
  entry(n: number): Entry;
}

/** Pool sizes for values of a few hundred bytes, and for values of some thousand bytes. */
const MANY = 2048;
const FEW = 64;
const BASE = { pid: 4711, hostname: 'api-7d9f8c6b5-x2x9q' };

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0', 'okhttp/4.12.0', 'curl/8.7.1', 'kube-probe/1.30'];

const requests = pool(MANY, (at) => ({
  req: {
    id: `${hex(at)}${hex(at + MANY)}`,
    method: METHODS[mixed(at) % 4],
    url: `/api/v1/orders/${mixed(at + 1) % 1_000_000}/items?page=${at % 9}`,
    headers: { host: 'shop.example', 'user-agent': AGENTS[mixed(at + 2) % 4] },
    remoteAddress: `10.12.${at % 256}.${mixed(at + 3) % 256}`,
  },
  res: { statusCode: mixed(at) % 16 === 0 ? 404 : 200, contentLength: mixed(at + 4) % 20_000 },
  responseTime: mixed(at + 5) % 400,
}));

const users = pool(MANY, (at) => `user:${mixed(at) % 100_000}`);

const orders = pool(FEW, (at) => ({
  order: {
    id: hex(at),
    customer: { name: `customer ${at}`, address: { street: `${at} Long Street`, city: 'Port', zip: `${10_000 + at}` } },
    lines: Array.from({ length: 24 }, (_, line) => ({
      sku: `SKU-${hex(at * 24 + line)}`,
      title: `an item "quoted" of the order, number ${line}`,
      price: { amount: (mixed(at + line) % 100_000) / 4, currency: 'CNY' },
      tags: ['a', 'bc', `t${line}`],
    })),
  },
}));

const failures = pool(FEW, (at) => {
  const cause = thrownBelow(8, `connect ECONNREFUSED 10.0.0.${at}:5432`);
  const { name: type, message, stack } = thrownBelow(12, `cannot load order ${hex(at)}`);
  return { err: { type, message, stack: `${stack}\ncaused by: ${cause.stack}`, code: 'ERR_ORDER' } };
});

const CITIES = ['北京', '上海', '廣州', '東京', '서울', '深圳市南山区', '杭州市余杭区', '成都'];
const chinese = pool(MANY, (at) => ({
  用户: `张三丰${hex(at)}`,
  城市: CITIES[mixed(at) % CITIES.length],
  商品: {
    名称: '高性能日志采集服务（企业版）',
    数量: mixed(at) % 1000,
    备注: '请在工作日上午九点到下午六点之间送货，谢谢！',
  },
  状态: at % 9 === 0 ? '失败：库存不足，请稍后重试' : '成功',
}));

export const WORKLOADS: Readonly<Record<WorkloadName, Workload>> = {
  request: {
    meaning: 'a request log, as pino-http writes it',
    base: BASE,
    oneIn: 1,
    distinct: MANY,
    entry: (n) => {
      const { req, res, responseTime } = requests[n % MANY]!;
      return { level: 'info', message: 'request completed', fields: { n, req, res, responseTime } };
    },
  },
  small: {
    meaning: 'a line of a few words',
    base: null,
    oneIn: 1,
    distinct: MANY,
    entry: (n) => ({ level: 'info', message: 'cache miss', fields: { n, key: users[n % MANY]! } }),
  },
  large: {
    meaning: 'an order with its lines, nested',
    base: BASE,
    oneIn: 8,
    distinct: FEW,
    entry: (n) => ({ level: 'info', message: 'order placed', fields: { n, order: orders[n % FEW]!.order } }),
  },
  error: {
    meaning: 'an error with its stack and cause, serialised',
    base: BASE,
    oneIn: 4,
    distinct: FEW,
    entry: (n) => ({ level: 'error', message: 'request failed', fields: { n, err: failures[n % FEW]!.err } }),
  },
  cjk: {
    meaning: 'an object with Chinese names and values',
    base: BASE,
    oneIn: 1,
    distinct: MANY,
    entry: (n) => ({ level: 'info', message: '订单处理完成', fields: { n, ...chinese[n % MANY]! } }),
  },
};

function pool<Value>(length: number, make: (at: number) => Value): readonly Value[] {
  return Array.from({ length }, (_, at) => make(at));
}

/** A deterministic hash that spreads small numbers over 32 bits. */
function mixed(n: number): number {
  let bits = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function hex(n: number): string {
  return mixed(n).toString(16).padStart(8, '0');
}

/** An error with a stack of this depth and without a path of this machine. */
function thrownBelow(depth: number, message: string): Error {
  const error = new Error(message);
  const frames = Array.from(
    { length: depth },
    (_, at) => `    at Service.step${at} (/srv/app/node_modules/some-package/dist/step-${at}.js:${at * 17 + 1}:11)`,
  );
  error.stack = [`Error: ${message}`, ...frames].join('\n');
  return error;
}
