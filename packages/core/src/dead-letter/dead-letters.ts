// Counts the records that the service refused for good, and writes them to the dead-letter file if one is configured.

import type { SealedBatch } from '../batch/sealed-batch';
import type { TimeLayout } from '../protobuf/log';
import type { Clock } from '../runtime/clock';
import type { Refusal } from '../targets/outcome';
import type { Counters } from '../telemetry/counters';
import { lost, records, type WarningReporter } from '../telemetry/warnings';
import { type DeadLetterEnvelope, DeadLetterFile, type DeadLetterResult } from './writer';

export interface DeadLettersOptions {
  /** Without a file such records are lost. */
  readonly file: string | undefined;
  readonly maxBytes: number;
  readonly fsync: boolean;
  readonly destination: Readonly<Record<string, string>>;
  readonly layout: TimeLayout;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly warnings: WarningReporter;
}

export class DeadLetters {
  readonly #counters: Counters;
  readonly #warnings: WarningReporter;
  readonly #file: DeadLetterFile | undefined;

  constructor({ file, counters, warnings, ...letters }: DeadLettersOptions) {
    this.#counters = counters;
    this.#warnings = warnings;
    this.#file = file === undefined ? undefined : new DeadLetterFile({ file, envelopeOf, ...letters });
  }

  /**
   * Returns where the records are now, in words.
   * @param firstIndex the number of its first record in the whole batch, where it is a part of one
   */
  add(batch: SealedBatch, refusal: Refusal, firstIndex: number): string {
    if (this.#file === undefined) return 'lost (set deadLetter.file to keep such records)';
    const result = this.#file.put(batch, refusal, firstIndex);
    this.#count(result);
    return result.problem === undefined ? 'in the dead-letter file' : `not in the dead-letter file, ${result.problem}`;
  }

  close(): void {
    const result = this.#file?.close();
    if (result === undefined) return;
    this.#count(result);
    if (result.lost > 0) {
      const refused = records(result.lost, 'that was refused', 'that were refused');
      this.#warnings.warn('exit', `not in the dead-letter file, ${result.problem}: ${refused}`);
    }
  }

  #count(result: DeadLetterResult): void {
    this.#counters.add('deadLettered', result.written);
    this.#counters.add('deadLetterLost', result.lost);
    this.#counters.add('deadLetterEvicted', result.evicted);
    if (result.evicted === 0) return;
    const replaced = `${lost(result.evicted)} that the service had refused`;
    this.#warnings.warn(
      'deadLetter',
      `${replaced}: the dead-letter file is full (deadLetter.maxBytes), the oldest give way`,
    );
  }
}

/** Loaded with the first refused record: it knows the layouts of all targets. */
function envelopeOf(batch: SealedBatch): DeadLetterEnvelope {
  const target = require('../targets/read-batch') as typeof import('../targets/read-batch');
  return target.envelopeOf(batch);
}
