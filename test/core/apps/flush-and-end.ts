// An application that logs, waits for a flush no longer than it says, and has nothing left to do. Its argument is JSON:
// which face. It prints what the flush said.

import { createShipper, createWorkerShipper } from '@putlogs/core';

const { face, timeoutMs } = JSON.parse(process.argv[2]!) as { face: 'shipper' | 'host'; timeoutMs: number };
const sink = face === 'shipper' ? createShipper() : createWorkerShipper();
sink.write('{"n":0}');
void sink.flush({ timeoutMs }).then((result) => process.stdout.write(`${JSON.stringify(result)}\n`));
