// Counts the records that the service refused for good, and writes them to the dead-letter file if one is configured.

import type { SealedBatch } from '../batch/sealed-batch';
import type { TimeLayout } from '../protobuf/log';
import type { Clock } from '../runtime/clock';
import type { Refusal } from '../targets/outcome';
import type { Counters } from '../telemetry/counters';
import { type DeadLetterPlace, deadLettersDeleted, deadLettersNotWritten } from '../telemetry/warning-catalogue';
import type { WarningReporter } from '../telemetry/warnings';
import type { DeadLetterFile, DeadLetterResult } from './writer';

export interface DeadLettersOptions {
  /** Without a file, these records are lost. */
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
  readonly #options: DeadLettersOptions;
  #file: DeadLetterFile | undefined;

  constructor(options: DeadLettersOptions) {
    this.#counters = options.counters;
    this.#warnings = options.warnings;
    this.#options = options;
  }

  /** Loads what writes the file. Else it is loaded with the first refused record. */
  load(): void {
    if (this.#options.file !== undefined) loadWriter().loadBoom();
  }

  /**
   * Writes the records to the file. Returns where they are now.
   * @param firstIndex the index of the first record in the whole batch, if `batch` is a part
   */
  add(batch: SealedBatch, refusal: Refusal, firstIndex: number): DeadLetterPlace {
    const { file } = this.#options;
    if (file === undefined) return { kind: 'not configured' };
    this.#file ??= newFile({ ...this.#options, file });
    const result = this.#file.put(batch, refusal, firstIndex);
    this.#count(result);
    return result.problem === undefined ? { kind: 'written' } : { kind: 'not written', problem: result.problem };
  }

  close(): void {
    const result = this.#file?.close();
    if (result === undefined) return;
    this.#count(result);
    if (result.lost > 0) this.#warnings.warn(deadLettersNotWritten(result.lost, result.problem ?? ''));
  }

  #count(result: DeadLetterResult): void {
    this.#counters.add('deadLettered', result.written);
    this.#counters.add('deadLetterLost', result.lost);
    this.#counters.add('deadLetterEvicted', result.evicted);
    if (result.evicted > 0) this.#warnings.warn(deadLettersDeleted(result.evicted));
  }
}

function newFile(options: DeadLettersOptions & { readonly file: string }): DeadLetterFile {
  const { DeadLetterFile: Writer, envelopeOf } = loadWriter();
  return new Writer({ ...options, envelopeOf });
}

type WriterModules = typeof import('./writer') & typeof import('../targets/read-batch');
let modules: WriterModules | undefined;

/** Loads the writer, and the layouts of all targets: most processes never need them. */
function loadWriter(): WriterModules {
  modules ??= {
    ...(require('./writer') as typeof import('./writer')),
    ...(require('../targets/read-batch') as typeof import('../targets/read-batch')),
  };
  return modules;
}
