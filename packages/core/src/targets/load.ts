// Loads the target that the options name, and no code of other targets.

import type { Credentials } from '../credentials/types';
import type { Options } from '../options/schema';
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
      const { signature = options.region === '' ? 'v1' : 'v4' } = options;
      return aliyunSls({ ...options, signature, credentials });
    }
    case 'aliyun-webtracking': {
      const { aliyunWebtracking } = require('./sls/web-tracking') as typeof import('./sls/web-tracking');
      return aliyunWebtracking(options);
    }
  }
}
