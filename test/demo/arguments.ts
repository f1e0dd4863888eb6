// The arguments of the demo: `[--records <n>] [--target <name>] [--stay]`. A wrong argument is reported in one
// sentence.

import { TARGET_NAMES, type TargetUnderTest, targetNamed } from '../support/targets';

export interface Wanted {
  readonly records: number;
  readonly target: TargetUnderTest;
  /** Runs until Ctrl-C. */
  readonly stays: boolean;
}

const KNOWN = '(known: --records <n>, --target <name>, --stay)';
const DEFAULT_RECORDS = 10_000;
const MAX_RECORDS = 200_000;
const DEFAULT_TARGET = 'volc-tls';

export function readArguments(args: readonly string[]): Wanted | string {
  let records = DEFAULT_RECORDS;
  let name: string = DEFAULT_TARGET;
  let stays = false;
  for (let at = 0; at < args.length; at++) {
    if (args[at] === '--stay') {
      stays = true;
      continue;
    }
    const [option, inline] = (args[at] ?? '').split(/=(.*)/s);
    if (option !== '--records' && option !== '--target') return `unknown argument ${args[at]} ${KNOWN}`;
    const text = inline ?? args[++at] ?? '';
    if (option === '--target') name = text;
    else records = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (records < 1 || records > MAX_RECORDS) {
      return `--records must be a whole number from 1 to ${MAX_RECORDS}, not ${shown(text)}`;
    }
    if (!TARGET_NAMES.some((known) => known === name)) {
      return `--target must be one of ${TARGET_NAMES.join(', ')}, not ${shown(text)}`;
    }
  }
  return { records, target: targetNamed(name), stays };
}

function shown(text: string): string {
  return text === '' ? 'empty' : text;
}
