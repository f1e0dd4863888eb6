// telemetry/outside-text.ts: which parts of a text from outside are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outsideText } from '@putlogs/core/internal/telemetry/outside-text';
import fc from 'fast-check';

const shown: readonly (readonly [string, string, string])[] = [
  ['plain text stays as it is', 'connect ECONNREFUSED 10.0.0.7:443', 'connect ECONNREFUSED 10.0.0.7:443'],
  ['other languages and emoji stay', '项目不存在 ✓ 🚀 é', '项目不存在 ✓ 🚀 é'],
  [
    'line breaks become a space',
    'one\r\nputlogs: 0 records are lost\u2028two\u2029three\u0085four',
    'one putlogs: 0 records are lost two three four',
  ],
  ['colours are removed', '\u001b[31mred\u001b[0m \u009b1mbold', 'red bold'],
  ['a title and a link are removed with their text', '\u001b]0;pwned\u0007a\u001b]8;;http://x\u001b\\b', 'ab'],
  ['a sequence without an end does not hide the rest', '\u001b]0;no end, all of it', '0;no end, all of it'],
  ['a clear screen and a reset are removed', '\u001b[2J\u001bca', 'a'],
  ['bidi controls are removed', 'a\u202eb\u2066c\u200fd', 'abcd'],
  ['zero-width and tag characters are removed', 'a\u200bb\ufeffc\u{e0041}d', 'abcd'],
  ['NUL, backspace and DEL become a space', 'a\u0000b\u0008c\u007fd', 'a b c d'],
  ['a lone surrogate is removed', 'a\ud800b', 'ab'],
];

for (const [what, text, expected] of shown) {
  test(`outside text: ${what}`, () => assert.equal(outsideText(text), expected));
}

test('outside text: longer text is cut, and states how many characters were left out', () => {
  assert.equal(outsideText('x'.repeat(500)), 'x'.repeat(500));
  assert.equal(outsideText('x'.repeat(510)), `${'x'.repeat(500)}…[10 more characters]`);
  assert.equal(outsideText(`${'x'.repeat(499)}🚀`), `${'x'.repeat(499)}…[2 more characters]`);
});

test('outside text: a megabyte of escape characters costs less than a second', () => {
  for (const unit of ['\u001b', '\u001b[', '\u001b]0;', '\u001b[0', '\u009b;']) {
    const startMs = performance.now();
    outsideText(unit.repeat(1_000_000 / unit.length));
    assert.ok(performance.now() - startMs < 1000, JSON.stringify(unit));
  }
});

test('outside text: no character that controls a terminal or is invisible stays in any text', () => {
  const unit = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b', '[', ']', '\u0007', '\u009b', '\u009d', '\n', '\u202e', '0m', '\\'),
  );
  fc.assert(
    fc.property(fc.array(unit), (units) => {
      assert.doesNotMatch(outsideText(units.join('')), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});
