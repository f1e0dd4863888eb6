// examples/kubernetes: its manifests, and the life of a container as they describe it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { environmentName, optionLeaves } from '@putlogs/core/internal/options/leaves';
import { parse } from 'yaml';
import { type StartedChild, startChild } from '../support/child';
import { spooledRecords, temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, environmentFor, until } from '../support/emulator';
import { example, expecting, get, numbered, portOf } from '../support/examples';
import { assertLedger } from '../support/ledger';

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}
interface Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly volumeClaimTemplates?: readonly [
      {
        readonly metadata: { readonly name: string };
        readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
      },
    ];
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly command: readonly [string, ...string[]];
            readonly env: readonly Variable[];
            readonly volumeMounts: readonly [{ readonly name: string; readonly mountPath: string }];
          },
        ];
        readonly volumes?: readonly [{ readonly name: string; readonly emptyDir: { readonly sizeLimit: string } }];
      };
    };
  };
}

function read<Document>(file: string): Document {
  return parse(readFileSync(example(`kubernetes/${file}`), 'utf8')) as Document;
}

const secret = read<{ metadata: { name: string }; stringData: Record<string, string> }>('secret.yaml');
/** The variables that the application itself reads, and Kubernetes sets. */
const NOT_OPTIONS = ['PORT', 'POD_NAME'];
const KNOWN = optionLeaves().flatMap(({ path, notes }) => [environmentName(path), ...(notes.vendor ?? [])]);
const MIB = 1024 * 1024;

for (const file of ['deployment.yaml', 'statefulset.yaml']) {
  const { spec } = read<Manifest>(file);
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const literal = (name: string) => container.env.find((variable) => variable.name === name)?.value;

  test(`${file}: its variables are options, its references lead somewhere, and its times and sizes fit each other`, () => {
    for (const { name, value, valueFrom } of container.env) {
      assert.ok(KNOWN.includes(name) || NOT_OPTIONS.includes(name), `${name} is no option`);
      assert.ok((value === undefined) !== (valueFrom === undefined), name);
      const key = valueFrom?.secretKeyRef;
      if (key !== undefined) assert.ok(key.name === secret.metadata.name && Object.hasOwn(secret.stringData, key.key));
    }
    assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels);
    assert.ok(pod.terminationGracePeriodSeconds * 1000 >= 2 * Number(literal('PUTLOGS_CLOSE_TIMEOUT_MS')));

    const [mount] = container.volumeMounts;
    assert.equal(mount.mountPath, literal('PUTLOGS_SPOOL_DIR'));
    const [volume] = spec.volumeClaimTemplates ?? pod.volumes ?? [];
    assert.equal(volume === undefined || 'emptyDir' in volume ? volume?.name : volume.metadata.name, mount.name);
    const size = spec.volumeClaimTemplates?.[0].spec.resources.requests.storage ?? pod.volumes?.[0].emptyDir.sizeLimit;
    const mebibytes = Number(/^(\d+)Mi$/.exec(size!)?.[1] ?? Number(/^(\d+)Gi$/.exec(size!)?.[1]) * 1024);
    assert.ok(Number(literal('PUTLOGS_SPOOL_MAX_BYTES')) <= 0.9 * mebibytes * MIB, size);
  });

  test(`${file}: a container that gets SIGTERM delivers all, and one that is killed leaves its spool to the next`, async () => {
    const emulator = await emulatorForTest();
    const spool = temporaryDirectory('pod');
    const start = () => startContainer(emulator, spool);
    const served = new Map<string, number[]>();
    const serve = async (child: StartedChild, count: number) => {
      const port = await portOf(child);
      for (let n = 1; n <= count; n += 1) assert.deepEqual(await get(port, '/'), { served: n });
      served.set(
        `${child.pid}`,
        Array.from({ length: count }, (_, n) => n + 1),
      );
    };

    const first = start();
    await serve(first, 20);
    first.kill('SIGTERM');
    const { code, stderr } = await first.ended;
    assert.deepEqual([code, stderr], [0, '']);
    assertArrived(emulator, served);

    emulator.faults([{ status: 503 }]);
    const second = start();
    await serve(second, 20);
    await until('all of it is on the volume', () => spooledRecords(spool) === 20);
    second.kill('SIGKILL');
    assert.equal((await second.ended).signal, 'SIGKILL');

    emulator.faults([]);
    const third = start();
    await serve(third, 5);
    third.kill('SIGTERM');
    assert.equal((await third.ended).code, 0);
    assertArrived(emulator, served);
    assert.equal(spooledRecords(spool), 0);
  });

  function startContainer(emulator: Emulator, spool: string): StartedChild {
    const { accessKeyId, accessKeySecret } = emulator;
    const secrets: Record<string, string> = { 'access-key-id': accessKeyId, 'access-key-secret': accessKeySecret };
    const given = container.env.map(({ name, value, valueFrom }) => {
      if (valueFrom?.secretKeyRef !== undefined) return [name, secrets[valueFrom.secretKeyRef.key]];
      if (valueFrom?.fieldRef !== undefined) return [name, valueFrom.fieldRef.fieldPath === 'metadata.name' ? POD : ''];
      return [name, value];
    });
    // What is elsewhere here: the service, the volume, and a port that is free.
    const { PUTLOGS_ENDPOINT, PUTLOGS_LINGER_MS, PUTLOGS_RETRY_MAX_MS } = environmentFor(emulator);
    const here = { PUTLOGS_ENDPOINT, PUTLOGS_LINGER_MS, PUTLOGS_RETRY_MAX_MS, PUTLOGS_SPOOL_DIR: spool, PORT: '0' };
    const [command, ...args] = container.command;
    const env = { ...Object.fromEntries(given), ...here };
    return startChild('', { command, args, cwd: example('kubernetes'), env });
  }
}

const POD = 'orders-6d5f7c9b8-x2k4q';

function assertArrived(emulator: Emulator, served: ReadonlyMap<string, readonly number[]>): void {
  const { hashKeys } = assertLedger(
    expecting(served),
    numbered(emulator.logs(), 'served', ({ pid }) => pid),
  );
  const hashKey = createHash('md5').update(POD).digest('hex');
  for (const [, keys] of hashKeys) assert.deepEqual(keys, [hashKey]);
}
