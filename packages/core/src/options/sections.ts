// Which options belong together: the sections of docs/options.md, the topics of `--help`, and the page that an error
// names.

import { type OptionLeaf, optionLeaves } from './leaves';

export interface Section {
  /** The heading in docs/options.md. */
  readonly title: string;
  /** What `--help <topic>` shows: the names of the options, or of their groups. One topic fits a screen. */
  readonly topics: Readonly<Record<string, readonly string[]>>;
}

export const SECTIONS: readonly Section[] = [
  {
    title: 'Target and credentials',
    topics: {
      target: ['enabled', 'target', 'endpoint', 'region', 'topicId', 'projectId'],
      sls: ['project', 'logstore', 'topic', 'customDomain', 'routing', 'signature'],
      keys: [
        'credentials.accessKeyId',
        'credentials.accessKeySecret',
        'credentials.securityToken',
        'credentials.apiKey',
      ],
      sources: ['credentials.file', 'credentials.module', 'credentials.from'],
      oidc: [
        'credentials.oidcRole',
        'credentials.oidcProvider',
        'credentials.oidcTokenFile',
        'credentials.oidcSession',
        'credentials.oidcPolicy',
        'credentials.stsEndpoint',
      ],
      profile: [
        'credentials.profile',
        'credentials.profileFile',
        'credentials.metadataRole',
        'credentials.metadataEndpoint',
      ],
    },
  },
  {
    title: 'Source, tags and order',
    topics: { source: ['source', 'fileName', 'tags', 'instance', 'hashKey', 'delivery'] },
  },
  {
    title: 'Record fields',
    topics: {
      fields: ['timeKey', 'messageKey', 'levelKey', 'levels', 'fields'],
      names: ['fieldNames', 'rename', 'omit'],
      shape: ['nested', 'transform', 'maxRecordBytes'],
    },
  },
  {
    title: 'Batches, requests and network',
    topics: {
      batch: ['batch', 'lingerMs', 'compression', 'compressionLevel', 'concurrency'],
      requests: ['requestTimeoutMs', 'retry'],
      network: ['proxy', 'noProxy', 'tls', 'allowInsecure'],
    },
  },
  {
    title: 'Memory, spool and dead letters',
    topics: { spool: ['memory', 'spool'], 'dead-letter': ['deadLetter'], status: ['status'] },
  },
  { title: 'Shutdown', topics: { exit: ['closeTimeoutMs', 'handleSignals', 'strict'] } },
];

/** The options of a topic or of a section, in its order. */
export function leavesOf(names: readonly string[]): OptionLeaf[] {
  return names.flatMap((name) => optionLeaves().filter(({ path }) => path === name || path.startsWith(`${name}.`)));
}

export function leavesOfSection({ topics }: Section): OptionLeaf[] {
  return Object.values(topics).flatMap(leavesOf);
}

/** Pages that explain more than the table of options does. */
const PAGES: Readonly<Record<string, string>> = {
  credentials: 'docs/credentials.md',
  delivery: 'docs/guarantees.md#exactly-once-on-sls',
  proxy: 'docs/proxy.md#http-proxy',
  noProxy: 'docs/proxy.md#http-proxy',
  tls: 'docs/proxy.md#custom-ca-certificates',
  fieldNames: 'docs/targets.md#field-names',
};

/** Returns the page, with its section, about an option or a group of options; without one the page of all options. */
export function pageOf(path: string): string {
  const [name = ''] = path.split('.');
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  if (page !== undefined) return page;
  const section = SECTIONS.find((one) => leavesOfSection(one).some((leaf) => leaf.path.split('.')[0] === name));
  return section === undefined ? 'docs/options.md' : `docs/options.md#${anchorOf(section.title)}`;
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
