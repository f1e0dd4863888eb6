// A NestJS service that logs by nest-winston.

import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PutlogsTransport } from '@putlogs/winston';
import { WinstonModule } from 'nest-winston';
import { listen } from './listen.js';

@Controller('orders')
class Orders {
  private readonly logger = new Logger(Orders.name);

  @Get(':order')
  read(@Param('order') order: string) {
    this.logger.log({ message: 'order read', order });
    return { order };
  }
}

@Module({ controllers: [Orders] })
class Application {}

const logger = WinstonModule.createLogger({ transports: [new PutlogsTransport()] });
await listen(await NestFactory.create(Application, { logger }));
