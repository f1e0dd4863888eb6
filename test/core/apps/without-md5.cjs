// Refuses MD5 as OpenSSL in FIPS mode does, in every thread.
const crypto = require('node:crypto');
const { createHash } = crypto;
crypto.createHash = (algorithm, options) => {
  if (algorithm.toLowerCase() !== 'md5') return createHash(algorithm, options);
  throw Object.assign(new Error('error:0308010C:digital envelope routines::unsupported'), {
    code: 'ERR_OSSL_EVP_UNSUPPORTED',
  });
};
