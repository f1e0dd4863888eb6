// A NestJS service that logs by nestjs-pino, with its request logs.

import 'reflect-metadata';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectPinoLogger, Logger, LoggerModule, type PinoLogger } from 'nestjs-pino';
import { listen } from './listen.js';

@Controller('orders')
class Orders {
  constructor(@InjectPinoLogger(Orders.name) private readonly logger: PinoLogger) {}

  @Get(':order')
  read(@Param('order') order: string) {
    this.logger.info({ order }, 'order read');
    return { order };
  }
}

@Module({
  imports: [LoggerModule.forRoot({ pinoHttp: { transport: { target: '@putlogs/pino' } } })],
  controllers: [Orders],
})
class Application {}

const application = await NestFactory.create(Application, { bufferLogs: true });
application.useLogger(application.get(Logger));
await listen(application);
