// The options in the group `credentials`.

import { type Group, unset } from './groups';
import { filePath, key, matching, oneOf, text } from './value-types';

const KEYS = 'required, or another source; not used with web tracking';

export const credentials = {
  accessKeyId: unset(key(), {
    meaning: 'Access key id.',
    vendor: ['VOLCENGINE_ACCESS_KEY_ID', 'VOLCENGINE_ACCESS_KEY', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
    defaultText: KEYS,
  }),
  accessKeySecret: unset(key(), {
    meaning: 'Secret of the access key.',
    vendor: ['VOLCENGINE_ACCESS_KEY_SECRET', 'VOLCENGINE_SECRET_KEY', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    defaultText: KEYS,
    secret: true,
  }),
  securityToken: unset(key(), {
    meaning: 'Token of temporary credentials (STS).',
    vendor: ['VOLCENGINE_TOKEN', 'VOLCENGINE_SESSION_TOKEN', 'ALIBABA_CLOUD_SECURITY_TOKEN'],
    secret: true,
  }),
  apiKey: unset(key(), {
    meaning: 'API key, instead of an access key. It may only write, and requests are not signed.',
    vendor: ['VOLCENGINE_TLS_API_KEY'],
    secret: true,
  }),
  file: unset(filePath(), {
    meaning: 'JSON file with `accessKeyId`, `accessKeySecret` and `securityToken`. It is read again when it changes.',
  }),
  module: unset(filePath(), {
    meaning: 'Path of a module. Its default export is a function that returns the credentials.',
  }),
  from: unset(oneOf(['oidc', 'profile', 'metadata']), {
    meaning: 'Source of temporary credentials: an OIDC role, a profile of the command line tool, or the machine.',
    defaultText: 'the first source that is configured',
  }),
  oidcRole: unset(key(), {
    meaning: 'OIDC: TRN (TLS) or ARN (SLS) of the role to assume.',
    vendor: ['VOLCENGINE_OIDC_ROLE_TRN', 'ALIBABA_CLOUD_ROLE_ARN'],
  }),
  oidcProvider: unset(key(), {
    meaning: 'OIDC, SLS only: ARN of the identity provider.',
    vendor: ['ALIBABA_CLOUD_OIDC_PROVIDER_ARN'],
  }),
  oidcTokenFile: unset(filePath(), {
    meaning: 'OIDC: file with the token. It is read for each refresh.',
    vendor: ['VOLCENGINE_OIDC_TOKEN_FILE', 'ALIBABA_CLOUD_OIDC_TOKEN_FILE'],
  }),
  oidcSession: unset(matching(/^[A-Za-z0-9.@_-]{2,64}$/, 'must be 2 to 64 letters, digits, `.`, `@`, `_` or `-`'), {
    meaning: "OIDC: name of the session in the vendor's audit log.",
    vendor: ['VOLCENGINE_OIDC_ROLE_SESSION_NAME', 'ALIBABA_CLOUD_ROLE_SESSION_NAME'],
    defaultText: '`putlogs`',
  }),
  oidcPolicy: unset(text(), {
    meaning: 'OIDC: policy (JSON) that limits what the session may do.',
    vendor: ['VOLCENGINE_OIDC_ROLE_POLICY'],
  }),
  stsEndpoint: unset(text(), {
    meaning: 'OIDC: address of STS.',
    vendor: ['VOLCENGINE_OIDC_STS_ENDPOINT'],
    defaultText: '`sts.volcengineapi.com`, `sts.aliyuncs.com`',
  }),
  profile: unset(text(), {
    meaning: 'Profile: its name in the configuration of the command line tool.',
    vendor: ['VOLCENGINE_PROFILE', 'ALIBABA_CLOUD_PROFILE'],
    defaultText: "the file's current profile",
  }),
  profileFile: unset(filePath(), {
    meaning: 'Profile: configuration file of the command line tool.',
    vendor: ['VOLCENGINE_CLI_CONFIG_FILE'],
    defaultText: '`~/.volcengine/config.json`, `~/.aliyun/config.json`',
  }),
  metadataRole: unset(key(), {
    meaning: "Metadata: name of the machine's role.",
    vendor: ['VOLCENGINE_ECS_METADATA', 'ALIBABA_CLOUD_ECS_METADATA'],
    defaultText: "the machine's role",
  }),
  metadataEndpoint: unset(text(), {
    meaning: 'Metadata: address of the metadata service, for tests.',
    defaultText: '`http://100.96.0.96`, `http://100.100.100.200`',
  }),
} satisfies Group;
