import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PutlogsOptions } from '@putlogs/core';
import { environmentName, optionLeaves } from '@putlogs/core/internal/options/leaves';
import type { OptionsInput } from '@putlogs/core/internal/options/schema';
import { root } from '../support/pages';

/** The names in these options are the user's own, so they are not optional one by one. */
type WithOwnNames = 'tags' | 'levels' | 'fields' | 'rename';
type DeepPartial<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { [K in keyof T]?: (K extends WithOwnNames ? T[K] : DeepPartial<T[K]>) | undefined };
type Flat<T> = T extends readonly unknown[] | string | number | boolean ? T : { [K in keyof T]: Flat<T[K]> };
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test('the public type of the options is the type that the schema accepts, with every option optional', () => {
  // The compiler checks this line: another value than `true` fails the build.
  const isSame: IsSame<Flat<PutlogsOptions>, Flat<DeepPartial<OptionsInput>>> = true;
  assert.ok(isSame);
});

test('the files with the public types are those that the script writes from the schema', () => {
  const args = [join(root, 'scripts/options-types.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('the published type shows the meaning and the variable of every option', () => {
  const published = ['types', 'group-types']
    .map((name) => readFileSync(join(root, `packages/core/dist/options/${name}.d.ts`), 'utf8'))
    .join('');
  const comments = published.split('*/').map((part) =>
    part
      .replaceAll(/^ *\* ?/gm, '')
      .replaceAll(/\\([{}@<>])/g, '$1')
      .replaceAll(/\s+/g, ' '),
  );
  for (const { path, notes } of optionLeaves()) {
    const isDescribed = (comment: string) =>
      comment.includes(notes.meaning) && comment.includes(`\`${environmentName(path)}\``);
    assert.ok(comments.some(isDescribed), path);
  }
});
