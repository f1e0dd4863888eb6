// Loads the target that the options name, and no code of other targets.

import type { Credentials } from '../credentials/types';
import type { Options } from '../options/schema';
import { nameRule } from '../record/field-names';
import type { Look } from './look';
import type { Target } from './target';

// Each is kept: Jest refuses a second `require` of a module, for a shipper that starts after the end of a suite.
let volcTlsModule: typeof import('./tls/put-logs') | undefined;
let volcWebTracksModule: typeof import('./tls/web-tracks') | undefined;
let aliyunSlsModule: typeof import('./sls/put-logs') | undefined;
let aliyunWebtrackingModule: typeof import('./sls/web-tracking') | undefined;

/**
 * Returns the target, with the size of a record and the names that the options ask for.
 * @param credentials returns the current credentials; a web tracking target does not call it
 */
export function loadTarget(options: Options, credentials: () => Credentials): Target {
  const target = targetOf(options, credentials);
  const { maxRecordBytes: maxLogBytes, fieldNames } = options;
  return { ...target, layout: { ...target.layout, maxLogBytes, names: nameRule(target.layout.names, fieldNames) } };
}

function targetOf(options: Options, credentials: () => Credentials): Target {
  switch (options.target) {
    case 'volc-tls':
      volcTlsModule ??= require('./tls/put-logs') as typeof import('./tls/put-logs');
      return volcTlsModule.volcTls({ ...options, credentials });
    case 'volc-webtracks':
      volcWebTracksModule ??= require('./tls/web-tracks') as typeof import('./tls/web-tracks');
      return volcWebTracksModule.volcWebTracks(options);
    case 'aliyun-sls':
      aliyunSlsModule ??= require('./sls/put-logs') as typeof import('./sls/put-logs');
      return aliyunSlsModule.aliyunSls({ ...options, signature: signatureOf(options), credentials });
    case 'aliyun-webtracking':
      aliyunWebtrackingModule ??= require('./sls/web-tracking') as typeof import('./sls/web-tracking');
      return aliyunWebtrackingModule.aliyunWebtracking(options);
  }
}

/** The questions to the service of a target that signs. @param credentials returns the current credentials */
export function loadLook(options: Options, credentials: () => Credentials): Look {
  if (options.target === 'volc-tls') {
    const { volcLook } = require('./tls/look') as typeof import('./tls/look');
    return volcLook({ ...options, credentials });
  }
  const { aliyunLook } = require('./sls/look') as typeof import('./sls/look');
  return aliyunLook({ ...options, signature: signatureOf(options), credentials });
}

function signatureOf({ signature, region }: Options): 'v1' | 'v4' {
  return signature ?? (region === '' ? 'v1' : 'v4');
}
