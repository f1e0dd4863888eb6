// The fields that records have at the service, and the types that a new index has for them.

import type { Options } from '../options/schema';
import type { NewField } from '../targets/look';
import { readBatch } from '../targets/read-batch';
import type { Target } from '../targets/target';
import { batchOf, recordOf } from './probe-batch';

/** The fields that pino adds to each record. An index may name fields that never come. */
const OTHERS = { pid: 1, hostname: 'host', name: 'name' };
const MESSAGE = 'message';

/** The time is no field here: both services keep it as the time of the log, and search by it without an index. */
export function sampleFields(options: Options, target: Target): Record<string, NewField> {
  const sent = fieldsOf(recordOf(options, MESSAGE, OTHERS), options, target);
  return Object.fromEntries(
    Object.entries(sent).map(([name, text]): [string, NewField] => [
      name,
      { type: text === String(OTHERS.pid) ? 'long' : 'text', isSplit: text === MESSAGE },
    ]),
  );
}

/** The names of a record's level and message at the service: a name that it does not allow is changed. */
export function namesAtService(options: Options, target: Target): { readonly level: string; readonly message: string } {
  const sent = Object.entries(fieldsOf(recordOf(options, MESSAGE), options, target));
  const [message] = sent.find(([, text]) => text === MESSAGE)!;
  const [level] = sent.find(([name]) => name !== message) ?? [options.levelKey];
  return { level, message };
}

function fieldsOf(record: string, options: Options, target: Target): Readonly<Record<string, string>> {
  const batch = batchOf(record, { ...options, compression: 'none' }, target, () => {});
  const [read] = readBatch(batch).records;
  return read!.contents;
}
