// A NestJS service that logs by nestjs-pino, is asked once, and closes.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectPinoLogger, Logger, LoggerModule, type PinoLogger } from 'nestjs-pino';

@Controller('orders')
class Orders {
  constructor(@InjectPinoLogger(Orders.name) private readonly logger: PinoLogger) {}

  @Get(':id')
  accept() {
    this.logger.info('order 17');
    return 'accepted';
  }
}

@Module({
  imports: [LoggerModule.forRoot({ pinoHttp: { transport: { target: '@putlogs/pino' } } })],
  controllers: [Orders],
})
class Application {}

// Exported, so that its logger stays: see docs/install.md.
export const application = await NestFactory.create(Application, { bufferLogs: true });
application.useLogger(application.get(Logger));
await application.listen(0, '127.0.0.1');
await (await fetch(`${await application.getUrl()}/orders/17`)).text();
await application.close();
