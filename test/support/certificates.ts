// Certificates of the test's own authority, made by openssl.
//
// The files are removed after the test file. On a machine without openssl, `noOpenssl` is the reason to skip a test.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './directory';

export const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'this machine has no openssl';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** To be called while tests are declared; the authority is made with its first certificate. */
export class Authority {
  readonly #directory = temporaryDirectory('certificates');
  #isMade = false;

  /** Of the authority itself. */
  get file(): string {
    this.#make();
    return join(this.#directory, 'ca.pem');
  }

  /** @param subjectAltName as openssl has it: `IP:127.0.0.1`, `DNS:example.com` */
  certificate(name: string, subjectAltName: string, ...validity: string[]): { key: Buffer; cert: Buffer } {
    this.#make();
    this.#openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=putlogs test');
    writeFileSync(join(this.#directory, `${name}.ext`), `subjectAltName=${subjectAltName}\n`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...validity, '-out', `${name}.pem`);
    const read = (extension: string) => readFileSync(join(this.#directory, `${name}.${extension}`));
    return { key: read('key'), cert: read('pem') };
  }

  #make(): void {
    if (this.#isMade) return;
    this.#isMade = true;
    this.#openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=putlogs test CA',
      '-days',
      '2',
    );
  }

  #openssl(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: this.#directory, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
}
