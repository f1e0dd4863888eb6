// What becomes of records that the service refused for good: a line each in the dead-letter file, if there is to be one.
//
// Takes: a refused batch with its body, and why. Gives: where its records are now, in words. Keeps: the file. Never: loses
// count: what was to be there and is not is counted, and told at the end.

import type { Account } from './account';
import type { TimeLayout } from './batch/read-log';
import type { SealedBatch } from './batch/sealed-batch';
import type { Clock } from './clock';
import type { Refusal } from './delivery/outcome';
import { type DeadLetterEnvelope, DeadLetterFile, type DeadLetterResult } from './spool/dead-letter';
import { records, type Teller } from './tell';

export interface BurialOptions {
  /** Nothing: such records are lost. */
  readonly file: string | undefined;
  readonly destination: Readonly<Record<string, string>>;
  readonly layout: TimeLayout;
  readonly clock: Clock;
  readonly account: Account;
  readonly teller: Teller;
}

export class Burial {
  readonly #account: Account;
  readonly #teller: Teller;
  readonly #file: DeadLetterFile | undefined;

  constructor({ file, account, teller, ...letters }: BurialOptions) {
    this.#account = account;
    this.#teller = teller;
    this.#file = file === undefined ? undefined : new DeadLetterFile({ file, envelopeOf, ...letters });
  }

  /** @param load the batch with its body, which may be on disk; nothing if it cannot be read any more */
  bury(load: () => SealedBatch | undefined, refusal: Refusal): string {
    if (this.#file === undefined) return 'lost (set deadLetter.file to keep such records)';
    const batch = load();
    if (batch === undefined) return 'lost: what was on disk cannot be read any more';
    const result = this.#file.put(batch, refusal);
    this.#count(result);
    return result.problem === undefined ? 'in the dead-letter file' : `not in the dead-letter file, ${result.problem}`;
  }

  close(): void {
    const result = this.#file?.close();
    if (result === undefined) return;
    this.#count(result);
    if (result.lost > 0) {
      const lost = records(result.lost, 'that was refused', 'that were refused');
      this.#teller.tell('exit', `not in the dead-letter file, ${result.problem}: ${lost}`);
    }
  }

  #count({ written, lost }: DeadLetterResult): void {
    this.#account.add('deadLettered', written);
    this.#account.add('deadLetterLost', lost);
  }
}

/** Loaded with the first refused record: it knows the layouts of all targets. */
function envelopeOf(batch: SealedBatch): DeadLetterEnvelope {
  const target = require('./target/read-batch') as typeof import('./target/read-batch');
  return target.envelopeOf(batch);
}
