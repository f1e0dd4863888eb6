// Logs as the emulator keeps and shows them, whichever service they were written to.

/** A field of a log or a tag of its group. A list of these keeps the wire's order and shows duplicate keys. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface StoredLog {
  /** As sent, or the time of arrival where the service sets it. */
  readonly time: number;
  /** As sent, `null` if it was not. */
  readonly timeNs: number | null;
  readonly contents: readonly KeyValue[];
}

/** What was sent in one piece. Each text is `''` where it was not sent or the service has no such field. */
export interface LogGroup {
  readonly source: string;
  readonly topic: string;
  readonly fileName: string;
  readonly packId: string;
  readonly tags: readonly KeyValue[];
  readonly logs: readonly StoredLog[];
}
