// Loaded into each thread of an application (`--require`): prints what the judge cannot learn from outside.
//
// Lines on stdout: `{ "acked": request id }` for each batch that the service acknowledged, `{ "dropped": reason,
// "records": n }`. They are written at once, so that a process that is killed a moment later has said them.

import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

subscribe('putlogs:batch.delivered', (event) => {
  print({ acked: (event as { requestId: string }).requestId });
});
subscribe('putlogs:records.dropped', (event) => {
  const { reason, records } = event as { reason: string; records: number };
  print({ dropped: reason, records });
});

function print(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
