// Random histories of the whole second half: several processes of several instances on one spool directory, with a disk
// that fails, a service that fails, and clocks that jump. Every promise is checked after every action and at the end.
//
// The histories of a run without settings are always the same. FUZZ_SEED runs others, MODEL_SECONDS runs new ones for
// so long, or as many of FUZZ_SEED as that takes. A history that breaks a promise is made smaller by leaving actions
// out, and printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DELIVERY_HISTORIES } from '../support/sizes';
import { Crash } from '../support/virtual-disk';
import { type Action, drawHistory, perform } from './delivery-actions';
import { checkEnd, checkStep, noteDisk } from './delivery-checks';
import { newWorld, type Setting } from './delivery-world';

const { FUZZ_SEED, MODEL_SECONDS } = process.env;
const IS_FIXED = FUZZ_SEED === undefined && MODEL_SECONDS === undefined;
/** Of the fixed run: first seeds, each followed by some more. */
const FIXED_SEEDS: readonly number[] = [10_000, 5_550_700, 382_729_800, 382_760_250];
const SECONDS = Number(MODEL_SECONDS ?? 15);
const SMALLER_TRIES = Number(process.env['MODEL_TRIES'] ?? 400);

// A process that was killed goes on until its next operation on the disk, which throws.
const surprises: unknown[] = [];
process.on('unhandledRejection', (error) => {
  if (!(error instanceof Crash)) surprises.push(error);
});

async function run(setting: Setting, actions: readonly Action[]): Promise<string[]> {
  const world = newWorld(setting);
  surprises.length = 0;
  try {
    let dead = 0;
    for (const action of actions) {
      await perform(world, action);
      const died = world.lives.filter(({ isDead }) => isDead).length;
      if (died > dead) noteDisk(world);
      dead = died;
      checkStep(world);
      if (world.found.length > 0) return world.found;
    }
    await checkEnd(world);
  } catch (error) {
    world.found.push(`0: ${(error as Error).stack}`);
  }
  for (const surprise of surprises) world.found.push(`0: ${(surprise as Error).stack}`);
  return world.found;
}

const short = (text: string) => text.replace(/x{20,}/g, 'x...').slice(0, 1500);

/** Leaves out what is not needed for a violation of the same check. */
async function smaller(setting: Setting, actions: readonly Action[], check: string): Promise<readonly Action[]> {
  let least = actions;
  let tries = 0;
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length && tries < SMALLER_TRIES; ) {
      tries += 1;
      const candidate = [...least.slice(0, at), ...least.slice(at + size)];
      const found = await run(setting, candidate);
      if (found.some((text) => text.startsWith(check))) least = candidate;
      else at += size;
    }
  }
  return least;
}

function* fixedSeeds(): Generator<number> {
  for (const first of FIXED_SEEDS) for (let i = 0; i < DELIVERY_HISTORIES; i += 1) yield first + i;
}

function* seedsFrom(first: number): Generator<number> {
  const endMs = performance.now() + SECONDS * 1000;
  for (let seed = first; performance.now() < endMs; seed += 1) yield seed;
}

test('no history of processes, disks and services breaks a promise', async (t) => {
  let histories = 0;
  let count = 0;
  const first = Number(FUZZ_SEED ?? Date.now() % 2 ** 31);
  for (const seed of IS_FIXED ? fixedSeeds() : seedsFrom(first)) {
    const { setting, actions } = drawHistory(seed);
    const found = await run(setting, actions);
    histories += 1;
    count += actions.length;
    if (found.length === 0) continue;
    const check = found[0]!.split(':')[0]!;
    const least = await smaller(setting, actions, `${check}:`);
    const lines = least.map(({ kind, by }) => `  ${kind} ${by.map((n) => n.toFixed(3)).join(' ')}`);
    const again = await run(setting, least);
    assert.fail(
      `FUZZ_SEED=${seed}\n${JSON.stringify(setting)}\n${lines.join('\n')}\n${[...again, '--', ...found].slice(0, 12).map(short).join('\n')}`,
    );
  }
  t.diagnostic(`${histories} histories with ${count} actions; FUZZ_SEED=${IS_FIXED ? FIXED_SEEDS.join(', ') : first}`);
});
