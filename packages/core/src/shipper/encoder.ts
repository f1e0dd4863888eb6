// Configures the encoding of records and batches from the options.

import type { BatcherOptions } from '../batch/batcher';
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
): Pick<BatcherOptions, 'hashKey' | 'encode' | 'frame'> {
  const { source, topic, fileName, tags } = options;
  const timeKeys = typeof options.timeKey === 'string' ? [options.timeKey] : options.timeKey;
  const transcoding = { ...options, timeKeys, levels: levelLabels(options.levels) };
  const transcoder = new Transcoder(target.layout, transcoding, clock);
  return {
    hashKey: hashKeyOf(options.hashKey, options.instance),
    encode: (bytes, start, end, batch) => transcoder.append(bytes, start, end, batch),
    frame: (packId, logBytes) => target.frame({ source, topic, fileName, tags, packId }, logBytes),
  };
}

let transformModule: typeof import('../record/transform') | undefined;

/** Returns the application's own function. @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded */
export function createTransform({ transform }: Options): Transform | undefined {
  if (transform === undefined) return undefined;
  transformModule ??= require('../record/transform') as typeof import('../record/transform');
  return transformModule.loadTransform(transform);
}
