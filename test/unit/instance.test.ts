// The hash key of an instance.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hashKeyOf } from '@putlogs/core/internal/options/instance';

test('the hash key of an instance is the md5 of its name', () => {
  const md5 = createHash('md5').update('pod-1').digest('hex');
  assert.equal(hashKeyOf('instance', 'pod-1'), md5);
  assert.equal(hashKeyOf('none', 'pod-1'), '');
  assert.equal(hashKeyOf('ABCDEF'.padEnd(32, '0'), 'pod-1'), 'abcdef'.padEnd(32, '0'));
});
