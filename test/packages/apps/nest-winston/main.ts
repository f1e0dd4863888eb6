// A NestJS service that logs by nest-winston, is asked once, and closes.
import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PutlogsTransport } from '@putlogs/winston';
import { WinstonModule } from 'nest-winston';

@Controller('orders')
class Orders {
  private readonly logger = new Logger(Orders.name);

  @Get(':id')
  accept() {
    this.logger.log('order 17');
    return 'accepted';
  }
}

@Module({ controllers: [Orders] })
class Application {}

const logger = WinstonModule.createLogger({ transports: [new PutlogsTransport()] });
const application = await NestFactory.create(Application, { logger });
await application.listen(0, '127.0.0.1');
await (await fetch(`${await application.getUrl()}/orders/17`)).text();
await application.close();
