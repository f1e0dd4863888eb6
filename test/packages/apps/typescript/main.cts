import core = require('@putlogs/core');

import { transport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';

import pino = require('pino');
import winston = require('winston');

winston.createLogger({ transports: [new PutlogsTransport({ worker: false })] }).info('winston, own thread');
transport({ lingerMs: 50 }).then((stream) => pino.pino(stream).info('pino, own thread'));
const host: core.WorkerShipper = core.createWorkerShipper();
host.write('{"message":"core, worker"}');
