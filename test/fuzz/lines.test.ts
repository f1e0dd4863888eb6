// Generated lines, in chunks that are cut anywhere: what the splitter makes of them, compared with an oracle that has
// the whole text.
//
// Lines end with LF or CR LF, are empty, are longer than what is kept, have characters of one to four bytes, or never
// end. A run lasts FUZZ_SECONDS, or a second. The seed is printed, and FUZZ_SEED repeats a run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { INPUT_BYTES } from '@putlogs/core/internal/record/memory-layout';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';
import { lineStream } from '@putlogs/core/internal/shipper/line-stream';
import { below, type Random, seededRandom } from '../support/seeded-random';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 1);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const LEAST_RUNS = 50;
const CHARACTERS = ['a', 'b', ' ', '{', '"', '\r', 'é', '中', '😀', '\u0000'];

interface Line {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

function generatedText(random: Random, longest: number): string {
  let text = '';
  for (let left = below(random, 30); left > 0; left -= 1) {
    const characters = below(random, 8) === 0 ? below(random, 6 * longest) : below(random, 12);
    const filler = CHARACTERS[below(random, CHARACTERS.length)]!;
    if (below(random, 3) === 0) text += filler.repeat(characters);
    else for (let i = 0; i < characters; i += 1) text += CHARACTERS[below(random, CHARACTERS.length)]!;
    text += ['\n', '\r\n', '\n\n', '\r\r\n'][below(random, 4)]!;
  }
  return below(random, 2) === 0 ? text : text.slice(0, -1);
}

/** By the rule alone: split, strip one CR, leave out empty lines, cut before a character. */
function expectedOf(text: string, longest: number): Line[] {
  return text.split('\n').flatMap((raw): Line[] => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') return [];
    if (Buffer.byteLength(line) <= longest) return [{ bytes: Buffer.from(line), isCut: false }];
    let kept = '';
    let bytes = 0;
    for (const character of line) {
      bytes += Buffer.byteLength(character);
      if (bytes > longest) break;
      kept += character;
    }
    return [{ bytes: Buffer.from(kept), isCut: true }];
  });
}

function chunksOf(random: Random, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  const most = 1 + below(random, 1 + bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(random, most);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function collector(longest: number) {
  const taken: Line[] = [];
  const lines = new Lines((bytes, start, end, isCut) => {
    taken.push({ bytes: Buffer.from(bytes.subarray(start, end)), isCut });
  }, longest);
  return { taken, lines };
}

test(`lines in generated chunks are those of the whole text (FUZZ_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const endsAtMs = performance.now() + SECONDS * 1000;
  for (let run = 0; run < LEAST_RUNS || performance.now() < endsAtMs; run += 1) {
    const longest = 4 + below(random, 60);
    const text = generatedText(random, longest);
    const expected = expectedOf(text, longest);
    const chunks = chunksOf(random, Buffer.from(text));
    const said = () =>
      `run ${run}, longest ${longest}: ${JSON.stringify(text)} in ${chunks.map(({ length }) => length)}`;

    const { taken, lines } = collector(longest);
    for (const chunk of chunks) {
      lines.push(chunk);
      assert.ok(lines.begunBytes <= longest + 1, said());
    }
    lines.end();
    assert.deepEqual(taken, expected, said());

    assert.deepEqual(await throughStream(chunks, longest, false), expected, said());
    assert.deepEqual(await throughStream(chunks, longest, true), expected, said());
  }
});

/** With the decoder in front, which never passes on half a character. */
async function throughStream(chunks: readonly Buffer[], longest: number, waits: boolean): Promise<Line[]> {
  const { taken, lines } = collector(longest);
  const piece = Buffer.alloc(INPUT_BYTES);
  const stream = lineStream(
    () => piece,
    (bytes) => lines.push(bytes),
    async () => lines.end(),
    waits ? () => Promise.resolve() : undefined,
  );
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await once(stream, 'finish');
  return taken;
}
