// The sections of the docs that putlogs doctor names. A test checks that each heading exists.

export const PAGES = {
  certificates: 'docs/proxy.md#custom-ca-certificates',
  clock: 'docs/faults.md#time',
  compression: 'docs/protocol.md#compression',
  connection: 'docs/doctor.md#the-service-cannot-be-reached',
  credentials: 'docs/credentials.md#which-source-is-used',
  deadLetters: 'docs/operating.md#the-dead-letter-file',
  destination: 'docs/doctor.md#the-topic-or-logstore-does-not-exist',
  index: 'docs/doctor.md#records-arrive-but-no-search-finds-them',
  limits: 'docs/targets.md#limits',
  options: 'docs/options.md#errors',
  proxy: 'docs/proxy.md#http-proxy',
  quota: 'docs/operating.md#sizing',
  refusals: 'docs/targets.md#how-refusals-are-handled',
  names: 'docs/targets.md#field-names',
  rights: 'docs/credentials.md#rights-of-the-key-iam-ram',
  search: 'docs/doctor.md#the-test-record-is-not-found',
  spool: 'docs/operating.md#where-to-put-it',
  spoolFiles: 'docs/operating.md#looking-after-a-spool',
} as const;

export type PageName = keyof typeof PAGES;
