// What can happen in a history of the delivery model, and how it is drawn from a seed.
//
// An action is plain data: its name and four numbers. What a number means is decided when the action is performed, so
// that a history stays valid when actions are dropped from it.

import { recordText } from '../support/made-batch';
import { below, seededRandom } from '../support/seeded-random';
import { START_MS } from '../support/virtual-clock';
import type { Fault } from '../support/virtual-disk';
import { type Behaviour, randomPlan } from '../support/virtual-service';
import { noteDisk, textsOfLiving } from './delivery-checks';
import { damageAnEntry } from './delivery-damage';
import { Life, type Setting, type World } from './delivery-world';

export interface Action {
  readonly kind: keyof typeof ACTIONS;
  readonly by: readonly [number, number, number, number];
}

const INSTANCES = ['a', 'b'];
const DAY_MS = 86_400_000;

const ACTIONS = {
  seal: [14, seal],
  advance: [
    12,
    (world: World, [at]: Numbers) => world.time.advance([1, 5, 20, 100, 300, 1000, 5000, 8000][pick(at, 8)]!),
  ],
  'advance long': [1.5, (world: World, [at]: Numbers) => world.time.advance([12_000, 31_000, 65_000][pick(at, 3)]!)],
  start: [3, start],
  'start another': [0.7, (world: World, by: Numbers) => born(world, INSTANCES[pick(by[0], 2)]!, by)],
  'start for another topic': [0.3, startElsewhere],
  kill: [1.2, (world: World, [at]: Numbers) => kill(world, upLife(world, at))],
  'crash at an operation': [2, crashAtOperation],
  'crash at an answer': [1, crashAtAnswer],
  'crash while it drains': [1.5, crashInDrain],
  close: [0.8, (world: World, [at]: Numbers) => upLife(world, at)?.close()],
  'close slowly': [0.5, closeSlowly],
  rescue: [0.6, rescue],
  freeze: [0.6, freeze],
  'freeze for 40 s': [0.4, freezeFor],
  wake: [0.8, wake],
  service: [4, service],
  limits: [1.5, limits],
  poison: [0.7, (world: World, [on]: Numbers) => setPoison(world, on < 0.5)],
  window: [0.7, (world: World, [on]: Numbers) => setWindow(world, on < 0.5)],
  'disk fails': [1, diskFails],
  'disk is well': [1.2, diskIsWell],
  'disk is full': [0.7, diskIsFull],
  'power loss': [0.4, losePower],
  'clock jumps': [0.3, clockJumps],
  'write back': [0.3, (world: World) => world.disk.writeBack(world.random)],
  damage: [0.3, damage],
} satisfies Record<string, [number, (world: World, by: Numbers) => unknown]>;

type Numbers = Action['by'];

const pick = (at: number, count: number) => Math.floor(at * count);

export function drawHistory(seed: number): { setting: Setting; actions: Action[] } {
  const random = seededRandom(seed);
  const setting: Setting = {
    seed,
    mode: random() < 0.5 ? 'always' : 'overflow',
    fsync: random() < 0.4,
    maxBytes: random() < 0.3 ? 300_000 : 4_000_000,
    memoryBytes: random() < 0.3 ? 30_000 : 2_000_000,
    whenFull: random() < 0.5 ? 'dropNewest' : 'dropOldest',
    concurrency: random() < 0.15 ? 3 : 1,
    graceMs: random() < 0.5 ? 3000 : 60_000,
    hasSockets: random() < 0.5,
  };
  // Each history leaves some kinds of trouble out: otherwise little gets far.
  const weights = Object.entries(ACTIONS).map(([kind, [weight]]) => {
    const isTrouble = !['seal', 'advance', 'start'].includes(kind);
    return { kind: kind as Action['kind'], weight: isTrouble && random() < 0.5 ? 0 : weight };
  });
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  const actions: Action[] = [];
  const count = 10 + below(random, 70);
  for (let i = 0; i < count; i += 1) {
    const kind = drawn(random() * sum, weights);
    actions.push({ kind, by: [random(), random(), random(), random()] });
  }
  return { setting, actions };
}

function drawn(at: number, weights: readonly { kind: Action['kind']; weight: number }[]): Action['kind'] {
  let rest = at;
  for (const { kind, weight } of weights) {
    rest -= weight;
    if (rest < 0) return kind;
  }
  return 'seal';
}

export async function perform(world: World, { kind, by }: Action): Promise<void> {
  await ACTIONS[kind][1](world, by);
  // Two runs of one millisecond have no order.
  await world.time.advance(1);
}

function upLife(world: World, at: number): Life | undefined {
  const up = world.lives.filter(({ isUp }) => isUp);
  return up[pick(at, up.length)];
}

function seal(world: World, [at, size, special, pad]: Numbers): void {
  const life = upLife(world, at);
  if (life === undefined) return;
  const count = 1 + Math.floor(size ** 2 * 12);
  const padBytes = pad < 0.8 ? 0 : pad < 0.95 ? 2000 : pad < 0.985 ? 9000 : 36_000;
  const records = Array.from({ length: padBytes > 9000 ? 2 : count }, (_, i) => {
    world.records += 1;
    const isOld = special > 0.93 && i % 3 === 0;
    const isPoison = special < 0.08 && i % 5 === 0;
    const text = recordText(life.instance, world.records, padBytes);
    const timeMs = isOld ? START_MS - 10 * DAY_MS : world.time.wallMs;
    return { text: isPoison ? text.replace('}', ',"poison":1}') : text, timeMs };
  });
  life.seal(records);
}

function born(world: World, instance: string, [, at, worker]: Numbers): Life | undefined {
  if (world.lives.filter(({ isDead }) => !isDead).length >= 5) return undefined;
  // A host names its workers' runs by its clock alone, so a clock that was set back changes their order.
  const isWorker = worker < 0.3 && world.hosts.every(({ wallOffsetMs }) => wallOffsetMs === 0);
  return new Life(world, { instance, host: world.hosts[pick(at, 2)]!, isWorker });
}

/** A process of an instance that has none. */
function start(world: World, by: Numbers): void {
  const without = INSTANCES.filter((name) => !world.lives.some((life) => life.instance === name && !life.isDead));
  const instance = without[pick(by[0], without.length)];
  if (instance !== undefined) born(world, instance, by);
}

function startElsewhere(world: World, [, at]: Numbers): void {
  if (world.lives.filter(({ isDead }) => !isDead).length >= 5) return;
  new Life(world, { instance: 'a', host: world.hosts[pick(at, 2)]!, topic: 'other' });
}

function kill(world: World, life: Life | undefined): void {
  if (life !== undefined) world.disk.kill(life.name);
}

function crashAtOperation(world: World, [at, after, how, bytes]: Numbers): void {
  const victim = upLife(world, at);
  if (victim === undefined) return;
  let left = 1 + Math.floor(after ** 2 * 60);
  const before = world.fault;
  const fault: Fault = [
    { kind: 'torn', bytes: Math.floor(bytes * 400) } as const,
    { kind: 'crash', when: 'before' } as const,
    { kind: 'crash', when: 'after' } as const,
  ][pick(how, 3)]!;
  world.fault = (life, call, path) => {
    if (life === victim) {
      left -= 1;
      if (left <= 0 && !life.isDead) {
        world.fault = before;
        return fault;
      }
    }
    return before(life, call, path);
  };
}

function crashAtAnswer(world: World, [at]: Numbers): void {
  const life = upLife(world, at);
  if (life !== undefined) life.answersLeft = 1;
}

/** Small batches are collected in an outage; its process dies while it sends them joined, or cut. */
async function crashInDrain(world: World, [at, answers, size, cut]: Numbers): Promise<void> {
  const life = upLife(world, at);
  if (life === undefined) return;
  const { rules } = world.service;
  world.behaviour = () => ({ kind: 'unavailable' });
  for (let i = 0; i < 6; i += 1) {
    seal(world, [at, (size + i / 6) % 1, 0.5, 0]);
    await world.time.advance(400);
  }
  world.behaviour = () => ({ kind: 'judge', latencyMs: 20 });
  if (cut < 0.5) rules.maxBytes = 600;
  life.answersLeft = 1 + pick(answers, 6);
  await world.time.advance(9000);
  rules.maxBytes = Number.POSITIVE_INFINITY;
  if (life.isDead) new Life(world, { instance: life.instance, host: life.host });
}

async function closeSlowly(world: World, [at, ms]: Numbers): Promise<void> {
  const life = upLife(world, at);
  if (life === undefined) return;
  void life.delivery.finished(8000).then(() => {
    if (!life.isDead) life.close();
  });
  await world.time.advance(1 + ms * 9000);
}

function rescue(world: World, [at]: Numbers): void {
  const life = upLife(world, at);
  if (life?.run === undefined) return;
  life.rescue();
  new Life(world, { instance: life.instance, host: life.host, deadRuns: [life.run], isWorker: true });
}

function freeze(world: World, [at]: Numbers): void {
  const life = upLife(world, at);
  if (life !== undefined) world.time.freeze(life.name);
}

async function freezeFor(world: World, [at, ms]: Numbers): Promise<void> {
  const life = upLife(world, at);
  if (life === undefined) return;
  world.time.freeze(life.name);
  await world.time.advance(40_000 + ms * 60_000);
  if (!life.isDead) world.time.wake(life.name);
}

function wake(world: World): void {
  for (const life of world.lives) if (!life.isDead && world.time.isFrozen(life.name)) world.time.wake(life.name);
}

const PLANS: readonly ((world: World, at: number) => () => Behaviour)[] = [
  () => () => ({ kind: 'judge' }),
  (world) => randomPlan(world.random, { judge: 1 }, 50),
  (world) => randomPlan(world.random, { judge: 6, 'lose answer': 2, 'lose request': 2, unavailable: 1 }, 300),
  (world) => randomPlan(world.random, { judge: 4, 'lose answer': 4 }, 12_000),
  (world) => randomPlan(world.random, { unavailable: 1 }, 50),
  (_world, at) => () => ({ kind: 'unavailable', afterMs: at * 20_000 }),
  () => () => ({ kind: 'hold', latencyMs: 10 }),
  () => () => ({ kind: 'reject', latencyMs: 10 }),
  (world) => randomPlan(world.random, { 'lose request': 1 }, 1000),
];

function service(world: World, [at, more]: Numbers): void {
  const plan = PLANS[pick(at < 0.35 ? 0 : at, PLANS.length)]!;
  world.behaviour = plan(world, more);
}

function limits({ service: { rules } }: World, [bytes, count]: Numbers): void {
  rules.maxBytes = [Number.POSITIVE_INFINITY, 30_000, 3000, 600][pick(bytes, 4)]!;
  rules.maxCount = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 5, 1][pick(count, 4)]!;
}

function setPoison({ service: { rules } }: World, isOn: boolean): void {
  rules.isPoison = isOn ? (text) => text.includes('poison') : () => false;
}

function setWindow({ service: { rules } }: World, isOn: boolean): void {
  rules.window = isOn ? { pastMs: 7 * DAY_MS, aheadMs: DAY_MS } : undefined;
}

const TROUBLE: readonly ((call: string, path: string) => Fault | undefined)[] = [
  (call) => (call === 'write' ? { kind: 'error', code: 'EIO' } : undefined),
  (call) => (call === 'read' || call === 'open' ? { kind: 'error', code: 'EMFILE' } : undefined),
  (call) => (call === 'read' ? { kind: 'error', code: 'EIO' } : undefined),
  (call) => (call === 'fdatasync' || call === 'fsync' ? { kind: 'error', code: 'EIO' } : undefined),
  (call) => (call === 'write' || call === 'ftruncate' ? { kind: 'error', code: 'EIO' } : undefined),
  (call) => (call === 'rename' ? { kind: 'error', code: 'EIO' } : undefined),
  (call) => (call === 'unlink' || call === 'rmdir' ? { kind: 'error', code: 'EIO' } : undefined),
  (call, path) => (call === 'write' && path.endsWith('.progress') ? { kind: 'error', code: 'ENOSPC' } : undefined),
  (call) => (call === 'write' || call === 'read' ? { kind: 'short', bytes: 40 } : undefined),
  () => ({ kind: 'error', code: 'EACCES' }),
];

function diskFails(world: World, [which, often]: Numbers): void {
  const trouble = TROUBLE[pick(which, TROUBLE.length)]!;
  const chance = often < 0.5 ? 1 : 0.3;
  world.fault = (life, call, path) => {
    // A close that fails looks the same, and hides what the test waits for.
    const fault = call === 'close' ? undefined : trouble(call, path);
    return fault !== undefined && world.random() < chance && !life.isDead ? fault : undefined;
  };
}

export function diskIsWell(world: World): void {
  world.fault = () => undefined;
  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
}

function diskIsFull(world: World, [pages]: Numbers): void {
  world.disk.capacityBytes = world.disk.usedBytes + 4096 * pick(pages, 4);
  for (const life of world.lives) if (!life.isDead) life.hadFault = true;
  const at = world.time.nextOrder();
  for (const life of world.lives) {
    if (!life.isDead) world.excuses.push({ kind: 'progress failed', process: life.log.name, at });
    if (!life.isDead) world.excuses.push({ kind: 'cut failed', process: life.log.name, at });
  }
}

function losePower(world: World): void {
  const isSynced = world.setting.fsync && world.lives.every(({ hadFault }) => !hadFault);
  const kept = isSynced ? textsOfLiving(world) : [];
  for (const life of world.lives) kill(world, life.isDead ? undefined : life);
  world.excuses.push({ kind: 'power loss', at: world.time.nextOrder() });
  world.disk.losePower(world.random);
  for (const host of world.hosts) host.boots += 1;
  // What a process wrote right before it was killed need not have been synced.
  world.seenOnDisk.clear();
  if (!isSynced) for (const life of world.lives) life.isClosed = false;
  for (const text of kept) world.seenOnDisk.add(text);
  noteDisk(world);
  // The whole file may be gone with the power.
  for (const entry of world.damaged) entry.isCountable = false;
}

function clockJumps(world: World, [at, by]: Numbers): void {
  world.hosts[pick(at, 2)]!.wallOffsetMs += (by - 0.5) * 200_000;
}

function damage(world: World): void {
  const held = new Set(world.lives.filter(({ isDead }) => !isDead));
  // A living process may have in memory what is damaged on disk.
  if (held.size > 0) return;
  damageAnEntry(world);
}
