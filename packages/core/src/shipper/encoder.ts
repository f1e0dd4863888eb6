// Configures the encoding of records and batches from the options.

import type { BatcherOptions } from '../batch/batcher';
import { recordTimesIn } from '../batch/record-times';
import { hashKeyOf } from '../options/instance';
import type { Options } from '../options/schema';
import { levelLabels } from '../record/level';
import { Transcoder } from '../record/transcode';
import type { Transform } from '../record/transform';
import type { Clock } from '../runtime/clock';
import type { Target } from '../targets/target';

export function createEncoder(
  options: Options,
  target: Target,
  clock: Clock,
): Pick<BatcherOptions, 'hashKey' | 'encode' | 'frame' | 'timesIn'> {
  const { source, topic, fileName, tags } = options;
  const transcoding = { ...options, timeKeys: timeKeysOf(options), levels: levelLabels(options.levels) };
  const transcoder = new Transcoder(target.layout, transcoding, clock);
  return {
    hashKey: hashKeyOf(options.hashKey, options.instance),
    encode: (bytes, start, end, batch) => transcoder.append(bytes, start, end, batch),
    timesIn: target.sendsTimes === true ? recordTimesIn : undefined,
    frame: (packId, logBytes) => target.frame({ source, topic, fileName, tags, packId }, logBytes),
  };
}

/** Returns the application's own function. @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded */
export function createTransform(options: Options, { layout }: Target): Transform | undefined {
  const { transform } = options;
  if (transform === undefined) return undefined;
  const { loadTransform } = require('../record/transform') as typeof import('../record/transform');
  return loadTransform(transform, layout, timeKeysOf(options));
}

function timeKeysOf({ timeKey }: Options): readonly string[] {
  return typeof timeKey === 'string' ? [timeKey] : timeKey;
}
