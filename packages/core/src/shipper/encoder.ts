// Configures the encoding of records and batches from the options.

import type { BatcherOptions } from '../batch/batcher';
import { recordTimesIn } from '../batch/record-times';
import { hashKeyOf } from '../options/instance';
import type { Options } from '../options/schema';
import { addLabels, levelLabels } from '../record/level';
import { Transcoder } from '../record/transcode';
import type { Transform } from '../record/transform';
import type { Clock } from '../runtime/clock';
import type { LoggerFacts } from '../sink';
import type { Target } from '../targets/target';

export interface Encoder extends Pick<BatcherOptions, 'hashKey' | 'encode' | 'frame' | 'timesIn'> {
  readonly learn: (facts: LoggerFacts) => void;
}

export function createEncoder(options: Options, target: Target, clock: Clock): Encoder {
  const { source, topic, fileName, tags } = options;
  const levels = levelLabels(options.levels);
  const transcoding = { ...options, timeKeys: timeKeysOf(options), levels };
  const transcoder = new Transcoder(target.layout, transcoding, clock);
  return {
    hashKey: hashKeyOf(options.hashKey, options.instance),
    encode: (bytes, start, end, batch) => transcoder.append(bytes, start, end, batch),
    timesIn: target.sendsTimes === true ? recordTimesIn : undefined,
    learn: (facts) => {
      addLabels(levels, facts.levels, options.levels);
      if (facts.messageKey !== undefined) transcoder.messageKey = facts.messageKey;
    },
    frame: (packId, logBytes) => target.frame({ source, topic, fileName, tags, packId }, logBytes),
  };
}

let transformModule: typeof import('../record/transform') | undefined;

/** Returns the application's own function. @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded */
export function createTransform(options: Options, { layout }: Target): Transform | undefined {
  const { transform } = options;
  if (transform === undefined) return undefined;
  transformModule ??= require('../record/transform') as typeof import('../record/transform');
  return transformModule.loadTransform(transform, layout, timeKeysOf(options));
}

function timeKeysOf({ timeKey }: Options): readonly string[] {
  return typeof timeKey === 'string' ? [timeKey] : timeKey;
}
