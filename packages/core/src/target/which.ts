// The target that the options name. Takes: options. Gives: a Target. Keeps: nothing. Loads one target's code, and not that
// of the others.

import type { Credentials } from '../credentials/credentials';
import type { Options } from '../options/schema';
import type { Target } from './target';

/** @param credentials those of now; a target that is anonymous does not ask */
export function targetOf(options: Options, credentials: () => Credentials): Target {
  switch (options.target) {
    case 'volc-tls': {
      const { volcTls } = require('./volc-tls') as typeof import('./volc-tls');
      return volcTls({ ...options, credentials });
    }
    case 'volc-webtracks': {
      const { volcWebTracks } = require('./volc-webtracks') as typeof import('./volc-webtracks');
      return volcWebTracks(options);
    }
    case 'aliyun-sls': {
      const { aliyunSls } = require('./aliyun-sls') as typeof import('./aliyun-sls');
      const { signature = options.region === '' ? 'v1' : 'v4' } = options;
      return aliyunSls({ ...options, signature, credentials });
    }
    case 'aliyun-webtracking': {
      const { aliyunWebtracking } = require('./aliyun-webtracking') as typeof import('./aliyun-webtracking');
      return aliyunWebtracking(options);
    }
  }
}
