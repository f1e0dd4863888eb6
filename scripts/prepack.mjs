// Stops `npm pack` and `npm publish` in a package: npm leaves `workspace:*` in the tarball, which cannot be installed.
const isPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/');
if (!isPnpm) {
  const advice =
    'run `npm run pack` in the root of the repository: it writes tarballs to dist/ and prints how to install';
  process.stderr.write(`putlogs: npm cannot pack this package, because only pnpm replaces workspace:*; ${advice}\n`);
  process.exitCode = 1;
}
