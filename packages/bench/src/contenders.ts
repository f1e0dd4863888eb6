// All contenders, in the order of the tables.
import type { Contender } from './contender';
import { PINO_CONTENDERS } from './pino-contenders';
import { SDK_CONTENDERS } from './sdk-contenders';
import { WINSTON_CONTENDERS } from './winston-contenders';

export const CONTENDERS: readonly Contender[] = [...PINO_CONTENDERS, ...WINSTON_CONTENDERS, ...SDK_CONTENDERS];

export function contenderNamed(name: string): Contender | undefined {
  return CONTENDERS.find((contender) => contender.name === name);
}

/** The floor that contenders of a logger are compared with, if it runs. An SDK has none. */
export function floorOf({ logger }: Contender, running: readonly Contender[]): Contender | undefined {
  return running.find((contender) => contender.kind === 'floor' && contender.logger === logger);
}
