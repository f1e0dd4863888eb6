// Logs by the core alone: a host, whose work is done in a worker.
import { createWorkerShipper } from '@putlogs/core';
import { endAs, readPlan } from './plan';

const { instance, count, end } = readPlan();
const host = createWorkerShipper({ instance });
for (let n = 0; n < count; n += 1) host.write(JSON.stringify({ instance, n }));
endAs(end);
