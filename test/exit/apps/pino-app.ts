// Logs by pino: to one target, or to several.
import pino from 'pino';
import { endAs, readPlan } from './plan';

const { instance, count, end, shape } = readPlan();
const ours = { target: '@putlogs/pino', options: { instance } };
const beside = { target: 'pino/file', options: { destination: '/dev/null' } };
const several: pino.TransportMultiOptions = { targets: [ours, beside] };
const destination = shape === 'several' ? pino.transport(several) : pino.transport(ours);
const logger = pino({ base: { instance } }, destination);
for (let n = 0; n < count; n += 1) logger.info({ n });
endAs(end);
