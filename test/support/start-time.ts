// The time of the first record a test writes, in milliseconds since 1970: the same in every process of a test, and
// recent, for a service may refuse what is too old.

export const START_MS = Number(inherited());

function inherited(): string {
  process.env['TEST_START_MS'] ??= String(Math.floor(Date.now() / 1000) * 1000 - 6 * 3_600_000);
  return process.env['TEST_START_MS'];
}
