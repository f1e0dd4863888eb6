import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createEmulator, type Emulator } from '@putlogs/emulator';
import { putSls, type SlsGroup, slsLog } from './sls-request.js';

const KEY = 'ab'.repeat(16);
const OTHER_KEY = 'ac'.repeat(16);

describe('an SLS write with a sequence id', () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await createEmulator({ shards: 4 });
  });
  beforeEach(() => {
    emulator.faults([]);
    emulator.reset();
  });
  after(() => emulator.close());

  const group = (text: string): SlsGroup => ({ Logs: [slsLog({ text })] });
  const written = () => emulator.logs().map(({ contents }) => contents[0]!.value);
  const put = async (text: string, query: string, rest = '/shards/route') => {
    const { status, json } = await putSls(emulator, group(text), { rest: `${rest}?${query}` });
    return status === 200 ? 'written' : `${status} ${json.errorCode}`;
  };

  test('is written once: a used id is refused with InvalidSequenceId, and a higher one is written', async () => {
    assert.equal(await put('one', `key=${KEY}&seqid=1`), 'written');
    assert.equal(await put('one again', `key=${KEY}&seqid=1`), '400 InvalidSequenceId');
    assert.equal(await put('two', `key=${KEY}&seqid=5`), 'written');
    assert.equal(await put('lower', `key=${KEY}&seqid=4`), '400 InvalidSequenceId');
    assert.equal(await put('upper case', `key=${KEY.toUpperCase()}&seqid=5`), '400 InvalidSequenceId');
    assert.deepEqual(written(), ['one', 'two']);
    assert.deepEqual(emulator.stats().rejected, { InvalidSequenceId: 3 });
  });

  test('is counted for exactly its key and its Logstore', async () => {
    assert.equal(await put('one', `key=${KEY}&seqid=7`), 'written');
    assert.equal(await put('two', `key=${OTHER_KEY}&seqid=1`), 'written');
    const elsewhere = await putSls(emulator, group('three'), {
      rest: `/shards/route?key=${KEY}&seqid=1`,
      logstore: 'another-logstore',
    });
    assert.equal(elsewhere.status, 200);
    assert.equal(await put('four', `key=${KEY}`), 'written');
    assert.deepEqual(written(), ['one', 'two', 'three', 'four']);
  });

  test('that is refused for another reason does not use its id', async () => {
    const empty = await putSls(emulator, { Logs: [] }, { rest: `/shards/route?key=${KEY}&seqid=1` });
    assert.equal(empty.json.errorCode, 'PostBodyInvalid');
    emulator.faults([{ times: 1, code: 'ShardWriteQuotaExceed' }]);
    assert.equal(await put('one', `key=${KEY}&seqid=1`), '403 ShardWriteQuotaExceed');
    assert.equal(await put('one', `key=${KEY}&seqid=1`), 'written');
  });

  test('uses its id although its answer was lost', async () => {
    emulator.faults([{ times: 1, swallow: 'after' }]);
    await assert.rejects(put('one', `key=${KEY}&seqid=1`));
    assert.equal(await put('one', `key=${KEY}&seqid=1`), '400 InvalidSequenceId');
    assert.deepEqual(written(), ['one']);
  });

  for (const id of ['0', '-1', '1.5', '01', 'x', '', '2147483648', '99999999999']) {
    test(`is refused if the id is ${JSON.stringify(id)}`, async () => {
      assert.equal(await put('one', `key=${KEY}&seqid=${id}`), '400 ParameterInvalid');
      assert.deepEqual(written(), []);
    });
  }

  test('is refused on a path without a hash key', async () => {
    assert.equal(await put('one', 'seqid=1', '/shards/lb'), '400 ParameterInvalid');
    assert.equal(await put('one', 'seqid=1', ''), '400 ParameterInvalid');
  });

  test('may have the highest id, and none after it until the emulator is reset', async () => {
    assert.equal(await put('one', `key=${KEY}&seqid=2147483647`), 'written');
    assert.equal(await put('two', `key=${KEY}&seqid=1`), '400 InvalidSequenceId');
    emulator.reset();
    assert.equal(await put('three', `key=${KEY}&seqid=1`), 'written');
  });
});
