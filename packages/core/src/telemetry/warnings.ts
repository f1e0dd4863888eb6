// Reports a warning to people: one line on stderr and one `warning` event.
//
// - The first warning of a topic is reported at once, then at most one a minute, with the number of those left out.
// - It is never sent to the application's own logger, because a warning about logs would become a log.
// - The line is written synchronously, because the process may end immediately afterwards.
// - If stderr does not accept a line, the line is counted. Its event is still emitted.

import type { Clock } from '../runtime/clock';
import { nextTick } from '../runtime/node-timers';
import { writeToStderr } from './stderr';
import type { NewWarning, WarningCode, WarningKind } from './warning-codes';

export type { WarningCode, WarningKind } from './warning-codes';

/** Something that a person should look at. docs/operating.md says for each code what to do. */
export interface Warning {
  /** The subject. Several codes may share it. */
  readonly kind: WarningKind;
  /** Names exactly one warning. It is stable between versions, and the message is not. */
  readonly code: WarningCode;
  /** One sentence, on one line, without secrets. */
  readonly message: string;
  /** How many warnings of this kind were left out since the last one that was reported. */
  readonly suppressed: number;
}

/** A warning that was reported, or left out because of the rate limit. */
export interface LatestWarning {
  readonly code: WarningCode;
  readonly message: string;
  /** By the machine's clock. */
  readonly atMs: number;
}

const INTERVAL_MS = 60_000;

export class WarningReporter {
  readonly #clock: Clock;
  readonly #emit: (warning: Warning) => void;
  /** The warning of the last call, and when it was on the monotonic clock. */
  #latest: { readonly warning: NewWarning; readonly atMs: number } | undefined;
  readonly #last = new Map<string, { atMs: number; suppressed: number }>();
  /** The number of lines that stderr did not accept. */
  #unwritten = 0;

  constructor(clock: Clock, emit: (warning: Warning) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** @param isLast the process ends now, so a full stderr is tried for a moment */
  warn(warning: NewWarning, isLast = false): void {
    const { kind, code, topic, message, lines = message } = warning;
    const nowMs = this.#clock.monotonicMs();
    this.#latest = { warning, atMs: nowMs };
    const last = this.#last.get(topic);
    if (last !== undefined && nowMs - last.atMs < INTERVAL_MS) {
      last.suppressed += 1;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.#last.set(topic, { atMs: nowMs, suppressed: 0 });
    this.#write(lines, suppressed, isLast);
    // Emitted on the next tick, because an error of a listener must not stop the batch that is being processed.
    nextTick(() => this.#emit({ kind, code, message, suppressed }));
  }

  /** The last warning, also one that was left out because of the rate limit. */
  get latest(): LatestWarning | undefined {
    if (this.#latest === undefined) return undefined;
    const { warning, atMs } = this.#latest;
    const { code, message } = warning;
    return { code, message, atMs: this.#clock.wallMs() - (this.#clock.monotonicMs() - atMs) };
  }

  #write(message: string, suppressed: number, isLast: boolean): void {
    const more = suppressed === 0 ? '' : ` (and ${suppressed} more like it since the last such line)`;
    const lines = this.#unwritten === 1 ? '1 line' : `${this.#unwritten} lines`;
    const missing = this.#unwritten === 0 ? '' : ` (stderr was full: ${lines} before this one could not be written)`;
    if (writeToStderr(`putlogs: ${message}${more}${missing}`, isLast)) this.#unwritten = 0;
    else this.#unwritten += 1;
  }
}
