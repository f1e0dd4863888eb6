// Logs and log groups in the form in which the emulator keeps and returns them, for both services.

/** A field of a log or a tag of its group. A list of these keeps the wire order and duplicate keys. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface StoredLog {
  /** As sent, or the time of arrival if the service sets it. */
  readonly time: number;
  /** As sent, or `null`. */
  readonly timeNs: number | null;
  readonly contents: readonly KeyValue[];
}

/** A log group. A text is `''` if it was not sent or if the service has no such field. */
export interface LogGroup {
  readonly source: string;
  readonly topic: string;
  readonly fileName: string;
  readonly packId: string;
  readonly tags: readonly KeyValue[];
  readonly logs: readonly StoredLog[];
}
