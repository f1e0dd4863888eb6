// Derives options from other options: the target from the endpoint, region and endpoint from each other, the name of
// the instance from the environment.

import { hostname } from 'node:os';
import { hostOf, withScheme } from './addresses';
import { clusterNumber } from './cluster';
import { type CredentialsKind, defaultsOf } from './credential-chain';
import { defaultInstance, fittingName } from './instance';
import { environmentName, optionLeaves } from './leaves';
import { groupsOf, setIfAbsent, type Tree } from './option-tree';
import type { Resolution } from './resolution';
import { isTargetName, TARGETS, type TargetName, targetOfHost } from './target-facts';

/** Returns the named target, else that of the endpoint's host. The schema reports an unknown name. */
export function chooseTarget({ tree, environment }: Resolution): TargetName {
  const named = tree['target'] ?? environment[environmentName('target')];
  if (isTargetName(named)) return named;
  const endpoint = tree['endpoint'] ?? environment[environmentName('endpoint')];
  return (typeof endpoint === 'string' ? targetOfHost(hostOf(endpoint)) : undefined) ?? 'volc-tls';
}

export function deriveOptions({ tree, environment, origins }: Resolution, target: TargetName): void {
  const { vendor, maxNameBytes, recordBytes } = TARGETS[target];
  const derive = (path: string, value: unknown, name: string) => {
    if (setIfAbsent(tree, path, value)) origins.set(path, { kind: 'derived', name });
  };
  const endpoint = tree['endpoint'];
  if (typeof endpoint === 'string' && targetOfHost(hostOf(endpoint)) === target) {
    derive('target', target, 'from endpoint');
  }
  setIfAbsent(tree, 'target', target);
  if (typeof endpoint === 'string') {
    tree['endpoint'] = withScheme(endpoint);
    derive('region', vendor.region.exec(hostOf(endpoint))?.[1], 'from endpoint');
  }
  const region = tree['region'];
  if (typeof region === 'string') derive('endpoint', vendor.endpointOf(region), 'from region');
  const machine = machineName();
  derive('source', fittingName(machine, maxNameBytes), 'the host name');
  const instance = defaultInstance(environment, machine, clusterNumber());
  derive('instance', instance, environment['POD_NAME'] ? 'from POD_NAME' : 'the host name');
  derive('maxRecordBytes', recordBytes, `the limit of ${target}`);
  fillGroups(tree);
}

/** Returns '' if the system cannot say it. */
function machineName(): string {
  try {
    return hostname();
  } catch {
    return '';
  }
}

export function deriveCredentials(
  { tree, environment, origins }: Resolution,
  target: TargetName,
  kind: CredentialsKind | undefined,
): void {
  const { isSigned, vendor } = TARGETS[target];
  if (kind === undefined || !isSigned) return;
  for (const [name, value] of Object.entries(defaultsOf(kind, environment, vendor))) {
    const path = `credentials.${name}`;
    const origin = name === 'from' ? 'the configured source' : "the vendor's default";
    if (setIfAbsent(tree, path, value)) origins.set(path, { kind: 'derived', name: origin });
  }
}

/** With `enabled: false` no option is required, but those that are set are still checked. */
export function fillDisabled({ tree }: Resolution): void {
  setIfAbsent(tree, 'target', 'volc-tls');
  setIfAbsent(tree, 'instance', 'disabled');
  setIfAbsent(tree, 'endpoint', 'https://disabled.invalid');
  setIfAbsent(tree, 'source', '');
  setIfAbsent(tree, 'maxRecordBytes', TARGETS['volc-tls'].recordBytes);
  fillGroups(tree);
  for (const name of ['accessKeyId', 'accessKeySecret']) setIfAbsent(tree, `credentials.${name}`, 'disabled');
}

/** The schema fills in the defaults of a group only if the group is there. */
function fillGroups(tree: Tree): void {
  for (const group of groupsOf(optionLeaves().map(({ path }) => path))) setIfAbsent(tree, group, {});
}
