// The virtual disk, clock and service together, with a toy spool of one file. The checks find each of the toy's
// mistakes, and nothing in a toy without mistakes.
//
//   /q/log    entries of 64 bytes: the number of a record, as text with spaces
//   /q/mark   8 bytes, rewritten in place: how many entries were delivered

import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';
import { type Excuse, type ProcessLog, violations } from '../support/ledger-check';
import { makeBatch, recordText } from '../support/made-batch';
import { below, type Random, seededRandom } from '../support/seeded-random';
import { VirtualTime, virtualHost } from '../support/virtual-clock';
import { Crash, type Fault, VirtualDisk } from '../support/virtual-disk';
import { randomPlan, VirtualService } from '../support/virtual-service';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const ENTRY_BYTES = 64;
const KEY = 'a'.repeat(32);
const { O_CREAT, O_RDONLY, O_RDWR } = constants;

type Mistake =
  | 'none'
  | 'marks before sending'
  | 'takes a new id for each attempt'
  | 'sends the newest first'
  | 'does not sync';

interface World {
  readonly random: Random;
  readonly time: VirtualTime;
  readonly disk: VirtualDisk;
  readonly service: VirtualService;
  readonly mistake: Mistake;
  readonly processes: (ProcessLog & { diedAt: number | undefined; accepted: { text: string; hashKey: string }[] })[];
  readonly excuses: Excuse[];
  /** Texts of records that a process was sure to have on disk. */
  readonly spooled: string[];
  records: number;
}

class Toy {
  readonly #world: World;
  readonly #name: string;
  readonly #fs: SpoolFs;
  readonly #clock: Clock;
  readonly #log: number;
  readonly #mark: number;
  #entries: number;
  #delivered: number;
  #attempts = 0;
  #isSending = false;

  constructor(world: World, name: string, clock: Clock) {
    this.#world = world;
    this.#name = name;
    this.#clock = clock;
    this.#fs = world.disk.processFs(name);
    this.#log = this.#fs.openSync('/q/log', O_RDWR | O_CREAT, 0o600);
    this.#mark = this.#fs.openSync('/q/mark', O_RDWR | O_CREAT, 0o600);
    const mark = Buffer.alloc(8);
    this.#fs.readSync(this.#mark, mark, 0, 8, 0);
    const whole = Math.floor(this.#fs.fstatSync(this.#log).size / ENTRY_BYTES);
    this.#entries = whole;
    while (this.#entries > 0 && Number.isNaN(this.#recordAt(this.#entries - 1))) this.#entries -= 1;
    this.#fs.ftruncateSync(this.#log, this.#entries * ENTRY_BYTES);
    this.#sync(this.#log);
    for (const path of ['/q', '/']) this.#sync(this.#fs.openSync(path, O_RDONLY));
    this.#delivered = Math.min(mark.readUInt32LE(), this.#entries);
  }

  append(n: number): void {
    const entry = Buffer.from(`${n};`.padEnd(ENTRY_BYTES - 1).concat('\n'));
    for (let done = 0; done < ENTRY_BYTES; ) {
      const at = this.#entries * ENTRY_BYTES + done;
      done += this.#fs.writeSync(this.#log, entry, done, ENTRY_BYTES - done, at);
    }
    this.#sync(this.#log);
    this.#entries += 1;
  }

  /** One batch in flight: a second call does nothing. */
  async sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#delivered < this.#entries) {
      const { mistake, service } = this.#world;
      const at = mistake === 'sends the newest first' ? this.#entries - 1 : this.#delivered;
      if (mistake === 'marks before sending') this.#write(this.#delivered + 1);
      this.#attempts += 1;
      const sender = { name: this.#name, clock: this.#clock };
      const outcome = await service.attempt(this.#batchAt(at), sender);
      if (outcome.kind === 'delivered') {
        this.#delivered += 1;
        this.#write(this.#delivered);
      } else await new Promise<void>((resolve) => this.#clock.after(10, true, resolve));
    }
    this.#isSending = false;
  }

  #batchAt(at: number) {
    const records = [{ text: recordText('toy', this.#recordAt(at)), timeMs: 1000 }];
    const sequence = this.#world.mistake === 'takes a new id for each attempt' ? at * 1000 + this.#attempts : at;
    return makeBatch({ sequence, firstRecord: at, records, prefix: '0123456789ABCDEF', hashKey: KEY });
  }

  /** Not a number for an entry that is not whole. */
  #recordAt(at: number): number {
    const entry = Buffer.alloc(ENTRY_BYTES);
    this.#fs.readSync(this.#log, entry, 0, ENTRY_BYTES, at * ENTRY_BYTES);
    const [, number] = /^(\d+); *\n$/.exec(entry.toString('latin1')) ?? [];
    return Number(number ?? Number.NaN);
  }

  #write(delivered: number): void {
    const mark = Buffer.alloc(8);
    mark.writeUInt32LE(delivered);
    this.#fs.writeSync(this.#mark, mark, 0, 8, 0);
  }

  #sync(file: number): void {
    if (this.#world.mistake !== 'does not sync') this.#fs.fsyncSync(file);
  }
}

function newWorld(seed: number, mistake: Mistake): World {
  const random = seededRandom(seed);
  const time = new VirtualTime({ seed });
  const service = new VirtualService(time, time.processClock('service', virtualHost('service')));
  service.plan = randomPlan(random, { judge: 6, 'lose answer': 1, 'lose request': 1, unavailable: 1 }, 20);
  const disk = new VirtualDisk({ nowMs: () => time.wallMs });
  const setup = disk.processFs('setup');
  setup.mkdirSync('/q');
  setup.fsyncSync(setup.openSync('/', O_RDONLY));
  disk.kill('setup');
  const world: World = {
    ...{ random, time, disk, service, mistake },
    ...{ processes: [], excuses: [], spooled: [], records: 0 },
  };
  disk.onKill = (name) => {
    const at = time.nextOrder();
    time.kill(name);
    world.excuses.push({ kind: 'crash', process: name, at });
    for (const process of world.processes) if (process.name === name) process.diedAt = at;
  };
  return world;
}

/** One process, until it crashes or has logged all its records. */
async function live(world: World, name: string): Promise<void> {
  const { disk, time, random } = world;
  const clock = time.processClock(name, virtualHost('h'));
  const log = { name, instance: 'toy', bornAt: time.nextOrder(), diedAt: undefined, accepted: [] };
  world.processes.push({ ...log, rejected: [], unwrittenDeadLetters: 0, notBehind: [] });
  const crashAt = disk.operations + below(random, 80);
  disk.plan = (process, call, _path, operation): Fault | undefined => {
    if (process !== name) return undefined;
    if (operation === crashAt) {
      return [
        { kind: 'torn', bytes: below(random, ENTRY_BYTES) } as const,
        { kind: 'crash', when: 'before' } as const,
        { kind: 'crash', when: 'after' } as const,
      ][below(random, 3)];
    }
    return call === 'write' && random() < 0.1 ? { kind: 'short', bytes: below(random, 8) } : undefined;
  };
  try {
    const toy = new Toy(world, name, clock);
    for (let i = 0; i < 8; i += 1) {
      const text = recordText('toy', world.records);
      world.processes.at(-1)!.accepted.push({ text, hashKey: KEY });
      world.records += 1;
      toy.append(world.records - 1);
      world.spooled.push(text);
      if (i % 4 === 0) toy.sendAll().catch(ignoreCrash);
      await time.advance(below(random, 30));
    }
  } catch (error) {
    ignoreCrash(error);
  }
}

function ignoreCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

/** Several lives with crashes between them, and a last one without faults that sends what is left. */
async function history(seed: number, mistake: Mistake): Promise<{ found: string[]; crashes: number }> {
  const world = newWorld(seed, mistake);
  const { disk, time, random, service } = world;
  for (let i = 0; i < 4; i += 1) {
    await live(world, `p${i}`);
    disk.kill(`p${i}`);
    if (random() < 0.3) {
      world.excuses.push({ kind: 'power loss', at: time.nextOrder() });
      disk.losePower(random);
    }
  }
  disk.plan = () => undefined;
  service.plan = () => ({ kind: 'judge' });
  await time.advance(1000);
  await new Toy(world, 'last', time.processClock('last', virtualHost('h'))).sendAll();
  const found = violations({
    attempts: service.attempts,
    processes: world.processes,
    excuses: world.excuses,
    deadLetters: [],
    damaged: [],
    countedDamaged: 0,
    mustHaveArrived: world.spooled,
  });
  return { found, crashes: disk.faults };
}

async function histories(count: number, mistake: Mistake): Promise<Map<string, number>> {
  const byCheck = new Map<string, number>();
  for (let i = 0; i < count; i += 1) {
    const { found } = await history(SEED + i, mistake);
    if (mistake === 'none') assert.deepEqual(found, [], `FUZZ_SEED=${SEED + i}`);
    for (const check of new Set(found.map((text) => text.split(':')[0]!))) {
      byCheck.set(check, (byCheck.get(check) ?? 0) + 1);
    }
  }
  return byCheck;
}

test('a sound toy spool breaks no promise in 200 histories with crashes, torn writes and power losses', async (t) => {
  await histories(200, 'none');
  t.diagnostic(`FUZZ_SEED=${SEED}`);
});

const EXPECTED: readonly (readonly [Mistake, string])[] = [
  ['marks before sending', '12'],
  ['takes a new id for each attempt', '5'],
  ['sends the newest first', '7'],
  ['does not sync', '12'],
];
for (const [mistake, check] of EXPECTED) {
  test(`a toy spool that ${mistake} is found by check ${check}`, async (t) => {
    const byCheck = await histories(100, mistake);
    assert.ok((byCheck.get(check) ?? 0) > 10, `FUZZ_SEED=${SEED}: ${JSON.stringify([...byCheck])}`);
    t.diagnostic(`${byCheck.get(check)} of 100 histories; FUZZ_SEED=${SEED}`);
  });
}
