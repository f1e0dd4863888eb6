// What the ledger says of the lives: each finding against its promise.
//
// Takes: the lives, and the service's logs in order of arrival. Gives: counts and readable differences. Keeps:
// nothing. Never: forgives more than the promise does.
//
//   lost        G2, G4: nothing but what the service refuses, where a life ended as a service does
//               G3: what was written in the last moments before a kill (`graceMs`), and nothing before that
//   duplicated  G5: the same bytes under the same pack id
//   reordered   G6: never, within a life and from one life to the next
//   altered     never

import { textOf } from './application';
import type { Life } from './life';

export interface Arrived {
  readonly packId: string;
  readonly hashKey: string;
  readonly contents: readonly { readonly key: string; readonly value: string }[];
}

export interface Verdict {
  written: number;
  delivered: number;
  refused: number;
  lost: number;
  /** Lost in the moments before a kill, as G3 allows. */
  lostAtKills: number;
  duplicated: number;
  duplicatedWrongly: number;
  reordered: number;
  altered: number;
  hashKeys: number;
  readonly differences: string[];
}

const SHOWN = 10;

export function judge(
  instance: string,
  lives: readonly Life[],
  logs: Iterable<Arrived>,
  poisonEvery: number,
  graceMs: number,
): Verdict {
  const verdict: Verdict = {
    written: 0,
    delivered: 0,
    refused: 0,
    lost: 0,
    lostAtKills: 0,
    duplicated: 0,
    duplicatedWrongly: 0,
    reordered: 0,
    altered: 0,
    hashKeys: 0,
    differences: [],
  };
  const tell = (text: string) => {
    if (verdict.differences.length < SHOWN) verdict.differences.push(`${instance}: ${text}`);
  };
  const packIds = new Map<number, string>();
  const hashKeys = new Set<string>();
  let latest = -1;
  for (const { packId, hashKey, contents } of logs) {
    const fields = new Map(contents.map(({ key, value }) => [key, value]));
    if (fields.get('instance') !== instance) continue;
    const n = Number(fields.get('n'));
    hashKeys.add(hashKey);
    const first = packIds.get(n);
    if (first !== undefined) {
      verdict.duplicated += 1;
      if (first !== packId) {
        verdict.duplicatedWrongly += 1;
        tell(`${n} came again under another pack id`);
      }
      continue;
    }
    packIds.set(n, packId);
    verdict.delivered += 1;
    if (n < latest) {
      verdict.reordered += 1;
      tell(`${n} came after ${latest}`);
    } else latest = n;
    if (fields.get('text') !== textOf(n, poisonEvery)) {
      verdict.altered += 1;
      tell(`${n} has another text: ${fields.get('text')?.slice(0, 60)}`);
    }
  }
  verdict.hashKeys = hashKeys.size;
  for (const life of lives) {
    const last = life.words.at(-1)?.n ?? life.from - 1;
    verdict.written += last - life.from + 1;
    const safe = lastSafe(life, graceMs);
    for (let n = life.from; n <= last; n += 1) {
      if (packIds.has(n)) continue;
      if (n % poisonEvery === poisonEvery - 1) verdict.refused += 1;
      else if (n > safe) verdict.lostAtKills += 1;
      else {
        verdict.lost += 1;
        tell(`${n} is lost`);
      }
    }
  }
  return verdict;
}

/** The last record that a life must not lose. */
function lastSafe({ words, endedBy, endedAtMs, from }: Life, graceMs: number): number {
  if (endedBy !== 'kill') return Number.POSITIVE_INFINITY;
  return words.filter(({ atMs }) => atMs < endedAtMs - graceMs).at(-1)?.n ?? from - 1;
}
