// The packages that the tests install, each in one exact version. docs/install.md names the same versions.

/** The oldest that `engines` allows, then the last of each line. */
export const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.21.0', '26.10.0'] as const;

/** Other runtimes: for each platform, the npm package that has the binary. */
export const RUNTIMES = {
  bun: {
    version: '1.4.5',
    binary: 'bin/bun',
    packages: {
      // The other package for this platform needs a processor with AVX2.
      'linux-x64': '@oven/bun-linux-x64-baseline',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'darwin-x64': '@oven/bun-darwin-x64-baseline',
      'darwin-arm64': '@oven/bun-darwin-aarch64',
    },
  },
  deno: {
    version: '2.9.6',
    binary: 'deno',
    packages: {
      'linux-x64': '@deno/linux-x64-glibc',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'darwin-x64': '@deno/darwin-x64',
      'darwin-arm64': '@deno/darwin-arm64',
    },
  },
} as const satisfies Record<string, Runtime>;

interface Runtime {
  readonly version: string;
  /** Its path in the package. */
  readonly binary: string;
  /** By `process.platform` and `process.arch`. */
  readonly packages: Readonly<Record<string, string>>;
}

export type RuntimeName = keyof typeof RUNTIMES;

/** What docs/install.md says it was tested with. */
const NAMED = {
  '@nestjs/core': '12.5.1',
  esbuild: '0.28.2',
  express: '5.3.0',
  fastify: '5.12.8',
  jest: '30.5.2',
  'nest-winston': '2.0.0',
  'nestjs-pino': '5.2.1',
  next: '16.4.6',
  pino: '10.4.0',
  'pino-http': '11.0.0',
  tsx: '4.23.15',
  typescript: '7.0.2',
  'typescript-5': 'npm:typescript@5.9.3',
  vite: '8.3.8',
  vitest: '5.1.1',
  webpack: '5.112.2',
  winston: '3.19.0',
} as const;

/** And what these need besides. */
const UNNAMED = {
  '@nestjs/common': NAMED['@nestjs/core'],
  '@nestjs/platform-express': NAMED['@nestjs/core'],
  '@opentelemetry/api': '1.9.1',
  '@types/node': '20.19.43',
  electron: '45.5.0',
  'jest-environment-jsdom': NAMED.jest,
  'lz4-napi': '2.10.0',
  postject: '1.0.0-alpha.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
} as const;

export const VERSIONS = { ...NAMED, ...UNNAMED };

export const NAMED_VERSIONS = Object.values(NAMED).map((version) => version.replace(/.*@/, ''));

export type Dependency = keyof typeof VERSIONS;
