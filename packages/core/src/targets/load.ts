// Loads the target that the options name, and no code of other targets.

import type { Credentials } from '../credentials/types';
import type { Options } from '../options/schema';
import type { Look } from './look';
import type { Target } from './target';

/** @param credentials returns the current credentials; a web tracking target does not call it */
export function loadTarget(options: Options, credentials: () => Credentials): Target {
  switch (options.target) {
    case 'volc-tls': {
      const { volcTls } = require('./tls/put-logs') as typeof import('./tls/put-logs');
      return volcTls({ ...options, credentials });
    }
    case 'volc-webtracks': {
      const { volcWebTracks } = require('./tls/web-tracks') as typeof import('./tls/web-tracks');
      return volcWebTracks(options);
    }
    case 'aliyun-sls': {
      const { aliyunSls } = require('./sls/put-logs') as typeof import('./sls/put-logs');
      return aliyunSls({ ...options, signature: signatureOf(options), credentials });
    }
    case 'aliyun-webtracking': {
      const { aliyunWebtracking } = require('./sls/web-tracking') as typeof import('./sls/web-tracking');
      return aliyunWebtracking(options);
    }
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
