// Single stages, in one process and one thread: `npm run bench -- --micro`.
//
// Measures nanoseconds per record of our stages and of alternatives: JSON.parse alone, and JSON.parse with protobufjs
// or protobuf-es, which write the same message. The output of each encoder is read back and counted first. All
// contenders alternate, and the best of several turns counts, because a busy machine can only make a turn slower.

import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { compressor } from '@putlogs/core/internal/batch/compress';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { levelLabels } from '@putlogs/core/internal/record/level';
import { Transcoder } from '@putlogs/core/internal/record/transcode';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { VolcSigner } from '@putlogs/core/internal/targets/tls/sign';
import { pino } from 'pino';
import { KEYS, REGION, TOPIC_ID } from './contender';
import { bufbuildEncoder, protobufjsEncoder } from './encoders';
import { streamsOf } from './line-streams';
import { bytesFields } from './wire';
import { WORKLOAD_NAMES, WORKLOADS, type WorkloadName } from './workloads';

export interface MicroRow {
  readonly stage: string;
  readonly nanosPerRecord: number;
  /** The ratio to the time of our stage. */
  readonly toOurs: number | null;
}

export type MicroTable = readonly { readonly title: string; readonly rows: readonly MicroRow[] }[];

const RECORDS = 2000;
const TURNS = 7;
const TURN_MS = 60;
const RUNS_IN_TURN = 20;
const OURS = 'putlogs: transcode';
const CHUNKS = 'request records in chunks of 100 lines, in a stream of pino: chunk to protobuf, CPU time by record';
const BATCHES = 'a batch of request records';
const CHUNK_RECORDS = 100;

/** @param only measures the groups whose title contains one of these; all, if it is empty */
export async function measureMicro(only: readonly string[]): Promise<MicroTable> {
  const isWanted = (title: string) => only.length === 0 || only.some((part) => title.includes(part));
  return [
    ...WORKLOAD_NAMES.filter((name) => isWanted(`${name}: JSON line to protobuf`)).map(encoding),
    ...(isWanted(CHUNKS) ? [await chunks()] : []),
    ...(isWanted(BATCHES) ? [batches()] : []),
  ];
}

function encoding(name: WorkloadName): MicroTable[number] {
  const lines = linesOf(name).map((line) => Buffer.from(line));
  const joined = Buffer.concat(lines);
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length);

  const batch = new OpenBatch(64 * 1024 * 1024);
  const transcoder = newTranscoder();
  const transcode = () => {
    batch.drop();
    let from = 0;
    for (const to of ends) {
      const start = batch.length;
      transcoder.append(joined, from, to, batch);
      batch.added(start);
      from = to;
    }
  };
  const [protobufjs, bufbuild] = [protobufjsEncoder(), bufbuildEncoder()];
  const parsed = () => lines.map((line) => JSON.parse(line.toString()) as Record<string, unknown>);
  transcode();
  const bodyOf = () => batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
  for (const body of [bodyOf(), Buffer.from(protobufjs(parsed())), Buffer.from(bufbuild(parsed()))]) {
    if ([...bytesFields(body, 1)].length !== RECORDS) throw new Error(`${name}: an encoder did not write all records`);
  }

  const times = compete({
    [OURS]: transcode,
    'JSON.parse alone': () => void parsed(),
    'JSON.parse + protobufjs': () => void protobufjs(parsed()),
    'JSON.parse + @bufbuild/protobuf': () => void bufbuild(parsed()),
  });
  const ours = times.get(OURS)!;
  const title = `${name}, ${Math.round(joined.length / RECORDS)} bytes: JSON line to protobuf`;
  return { title, rows: [...times].map(([stage, nanos]) => rowOf(stage, nanos, nanos / ours)) };
}

/** What the stream in front of the encoder costs, as the stream of a worker receives its text. */
async function chunks(): Promise<MicroTable[number]> {
  const lines = linesOf('request');
  const texts: string[] = [];
  for (let at = 0; at < RECORDS; at += CHUNK_RECORDS) {
    texts.push(`${lines.slice(at, at + CHUNK_RECORDS).join('\n')}\n`);
  }
  const batch = new OpenBatch(64 * 1024 * 1024);
  const run = (name: string, stream: Writable) => () => {
    batch.drop();
    for (const text of texts) stream.write(text);
    if (batch.count !== RECORDS) throw new Error(`${name}: ${batch.count} of ${RECORDS} records were read`);
  };
  const streams = Object.entries(streamsOf(newTranscoder(), batch));
  // A stream with a listener begins to flow in the next tick.
  await nextTurn();
  const times = await competeInTurns(Object.fromEntries(streams.map(([name, stream]) => [name, run(name, stream)])));
  const [[, ours]] = times as unknown as [[string, number]];
  return { title: CHUNKS, rows: [...times].map(([stage, nanos]) => rowOf(stage, nanos, nanos / ours)) };
}

/** The cost of a batch, divided by its records. */
function batches(): MicroTable[number] {
  const lines = linesOf('request').map((line) => Buffer.from(line));
  const batch = new OpenBatch(1024 * 1024);
  const transcoder = newTranscoder();
  for (const line of lines) {
    const start = batch.length;
    transcoder.append(line, 0, line.length, batch);
    batch.added(start);
  }
  const body = batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
  const lz4 = compressor('lz4', (reason) => {
    throw new Error(reason);
  });
  const zlib = compressor('zlib', () => {});
  const signer = new VolcSigner(REGION);
  const compressed = lz4(body).body;
  const request = {
    method: 'POST',
    path: '/PutLogs',
    query: { TopicId: TOPIC_ID },
    headers: { host: 'bench', 'content-type': 'application/x-protobuf', 'x-tls-bodyrawsize': String(body.length) },
    body: compressed,
  };
  const times = compete({
    'compress: lz4': () => void lz4(body),
    'compress: zlib, level 1': () => void zlib(body),
    'zlib, level 6': () => void deflateSync(body),
    'sign: TLS, with the sha256 of the body': () => void signer.sign(request, KEYS, Date.now()),
  });
  const title = `a batch of ${RECORDS} request records, ${Math.round(body.length / 1024)} KiB, by record`;
  return { title, rows: [...times].map(([stage, nanos]) => rowOf(stage, nanos, null)) };
}

/** Returns the encoded records of a workload, of which none has the values of another one. */
export function distinctRecords(name: WorkloadName): Buffer {
  const { distinct } = WORKLOADS[name];
  const batch = new OpenBatch(1024 * 1024);
  const transcoder = newTranscoder();
  for (const line of linesOf(name, distinct)) {
    const start = batch.length;
    transcoder.append(Buffer.from(line), 0, Buffer.byteLength(line), batch);
    batch.added(start);
  }
  return batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
}

function newTranscoder(): Transcoder {
  const names = { timeKeys: ['time'], levelKey: 'level', levels: levelLabels({}), messageKey: 'message' };
  const options = { ...names, fields: {}, rename: {}, omit: [], nested: 'json' } as const;
  return new Transcoder(VOLC_LAYOUT, options, systemClock);
}

function linesOf(name: WorkloadName, records = RECORDS): string[] {
  const lines: string[] = [];
  const { base, entry } = WORKLOADS[name];
  const logger = pino({ base }, { write: (line: string) => lines.push(line.trimEnd()) });
  for (let n = 0; n < records; n += 1) {
    const { level, fields, message } = entry(n);
    logger[level](fields, message);
  }
  return lines;
}

/** Runs the stages alternately, several times. The best time of each counts. */
function compete(stages: Readonly<Record<string, () => void>>): Map<string, number> {
  const best = new Map<string, number>();
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, run] of Object.entries(stages)) {
      const startMs = performance.now();
      let nanos = Number.POSITIVE_INFINITY;
      while (performance.now() - startMs < TURN_MS) {
        const onceMs = performance.now();
        run();
        nanos = Math.min(nanos, ((performance.now() - onceMs) * 1e6) / RECORDS);
      }
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, nanos));
    }
  }
  return best;
}

/**
 * The same with a turn of the event loop after each run, which a stream needs to free its memory. CPU time of the
 * process counts, because it has the garbage collection that a stream leaves to other threads.
 */
async function competeInTurns(stages: Readonly<Record<string, () => void>>): Promise<Map<string, number>> {
  const best = new Map<string, number>();
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, run] of Object.entries(stages)) {
      const before = process.cpuUsage();
      for (let runs = 0; runs < RUNS_IN_TURN; runs += 1) {
        run();
        await nextTurn();
      }
      const { user, system } = process.cpuUsage(before);
      const nanos = ((user + system) * 1000) / (RUNS_IN_TURN * RECORDS);
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, nanos));
    }
  }
  return best;
}

function rowOf(stage: string, nanosPerRecord: number, toOurs: number | null): MicroRow {
  return { stage, nanosPerRecord, toOurs };
}
