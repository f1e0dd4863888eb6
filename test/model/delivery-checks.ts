// What must hold in the delivery model: cheap checks after every action, and all checks at the end of a history.

import { DAMAGED, parseOwner } from '@putlogs/core/internal/spool/names';
import { decodeOwner } from '@putlogs/core/internal/spool/owner-file';
import { sumOf } from '@putlogs/core/internal/telemetry/counters';
import { violations } from '../support/ledger-check';
import { diskIsWell } from './delivery-actions';
import { type ShadowPart, shadowOf, textsIn } from './delivery-shadow';
import { Life, type Log, SPOOL_DIR, SPOOL_ROOT, type World } from './delivery-world';

/** A spool is empty so long after service and disk are well. */
const DRAIN_MS = 20 * 60_000;
const STEP_MS = 5000;
/** Sealed batches cost some bytes beside their bodies. */
const SLACK_BYTES = 4096;

export function checkStep(world: World): void {
  for (const life of world.lives) {
    const { accepted, recovered, delivered, spooled, pending, dropped } = life.stats;
    const terms = { accepted, recovered, delivered, spooled, pending, ...dropped };
    for (const [name, value] of Object.entries(terms)) {
      if (value < 0) world.found.push(`1: ${name} of ${life.name} is ${value}`);
    }
    if (life.isDead) continue;
    if (accepted !== life.accepted) world.found.push(`1: ${life.name} accepted ${life.accepted}, not ${accepted}`);
    const bytes = life.counters.read('pendingBytes');
    const most = world.setting.memoryBytes + 3 * life.largestBytes + SLACK_BYTES;
    if (bytes < 0 || bytes > most)
      world.found.push(`13: ${life.name} holds ${bytes} bytes in memory, more than ${most}`);
  }
  if (world.disk.operations !== world.checkedOperations) checkSpooled(world);
  world.checkedOperations = world.disk.operations;
}

/** Check 2 and 3: what is counted as spooled is on disk. */
function checkSpooled(world: World): void {
  const up = world.lives.filter(({ isUp, hasGivenAway }) => isUp && !hasGivenAway);
  if (up.length === 0) return;
  const parts = shadowOf(world.disk);
  const runs = runsOf(world);
  for (const life of up) {
    const own = runs.get(life.name) ?? [];
    const its = parts.filter(({ name }) => own.includes(name.owner));
    const found = its.reduce((sum, part) => sum + part.unfinished, 0);
    // It opens what was handed back to it with its next look.
    const unopened = its
      .filter(({ name }) => name.owner !== name.origin && world.handedBack.has(name.origin))
      .reduce((sum, part) => sum + part.unfinished, 0);
    const { spooled } = life.stats;
    const most = life.hadFault || world.damaged.length > 0 ? Number.POSITIVE_INFINITY : spooled + unopened;
    const isRight = found >= spooled && found <= most;
    if (!isRight && world.damaged.length === 0) {
      world.found.push(`2: ${life.name} counts ${spooled} records as spooled, and ${found} are on disk`);
    }
  }
}

/** By the name of a life: its runs, as its owner files say. */
function runsOf({ disk, lives }: World): Map<string, string[]> {
  const runs = new Map<string, string[]>();
  for (const life of lives) if (life.run !== undefined) runs.set(life.name, [life.run]);
  for (const path of disk.paths()) {
    const run = parseOwner(path.slice(SPOOL_ROOT.length + 1));
    const owner = run === undefined ? undefined : decodeOwner(disk.content(path));
    if (run !== undefined && owner !== undefined) runs.set(owner.pidns, [...(runs.get(owner.pidns) ?? []), run]);
  }
  return runs;
}

/** Called when a process has died, after the operation: what is on disk now must arrive. */
export function noteDisk(world: World): void {
  for (const part of shadowOf(world.disk)) for (const text of textsIn(part)) world.seenOnDisk.add(text);
}

/** Texts in the directories of processes that are alive. */
export function textsOfLiving(world: World): string[] {
  const runs = runsOf(world);
  const living = world.lives.filter(({ isDead }) => !isDead).flatMap(({ name }) => runs.get(name) ?? []);
  return shadowOf(world.disk)
    .filter(({ name }) => living.includes(name.owner))
    .flatMap(textsIn);
}

/** Makes everything well, lets time pass until all is delivered, and checks what is left. */
export async function checkEnd(world: World): Promise<void> {
  const { time, service, lives } = world;
  diskIsWell(world);
  world.behaviour = () => ({ kind: 'judge' });
  Object.assign(service.rules, { maxBytes: Number.POSITIVE_INFINITY, maxCount: Number.POSITIVE_INFINITY });
  service.rules.isPoison = () => false;
  service.rules.window = undefined;
  for (const life of lives) {
    life.answersLeft = Number.POSITIVE_INFINITY;
    if (!life.isDead && time.isFrozen(life.name)) time.wake(life.name);
  }
  await time.advance(0);
  // Processes that were about to close have closed.
  await time.advance(10_000);
  const keys = new Set(['a topic', 'b topic', ...lives.map(({ key }) => key)]);
  for (const key of keys) {
    if (lives.some((life) => life.key === key && !life.isDead)) continue;
    const [instance, topic] = key.split(' ');
    new Life(world, { instance: instance!, host: world.hosts[0]!, topic: topic! });
  }
  const up = () => lives.filter(({ isDead }) => !isDead);
  let waitedMs = 0;
  for (; waitedMs < DRAIN_MS; waitedMs += STEP_MS) {
    await time.advance(STEP_MS);
    if (up().every(({ delivery }) => delivery.isEmpty) && isAtRest(world)) break;
  }
  for (const life of up()) {
    const { pending, spooled } = life.stats;
    if (!life.delivery.isEmpty)
      world.found.push(`16: ${life.name} has ${pending} pending and ${spooled} spooled records left`);
    else if (pending !== 0) world.found.push(`16: ${life.name} is empty and has ${pending} pending records`);
    else if (spooled !== 0 && !life.hasGivenAway) {
      world.found.push(`16: ${life.name} is empty and has ${spooled} spooled records`);
    }
    const bytes = life.counters.read('pendingBytes');
    if (life.delivery.isEmpty && bytes !== 0) world.found.push(`13: ${life.name} is empty and counts ${bytes} bytes`);
  }
  for (const life of up()) life.close();
  checkDisk(world);
  checkLedger(world);
  for (const { name, stats, inherited } of lives) {
    const { accepted, recovered, delivered, spooled, pending, dropped } = stats;
    const right = accepted + recovered + inherited;
    const left = delivered + spooled + pending + sumOf(dropped);
    if (left !== right) world.found.push(`1: the sums of ${name} are ${right} and ${left}`);
  }
}

/** Nothing is left but the files of processes that are alive. */
function isAtRest({ disk, lives }: World): boolean {
  const living = new Set(lives.filter(({ isDead }) => !isDead).map(({ name }) => name));
  // A living process may have no owner file: its spool was not opened.
  const isOfLiving = (path: string) => living.has(decodeOwner(disk.content(path))?.pidns ?? '');
  const owners = disk.paths().filter((path) => path.endsWith('.owner'));
  return owners.every(isOfLiving) && shadowOf(disk).every(isDone);
}

/** An adopted directory is removed, if need be with a later look. */
function isDone({ unfinished, name }: ShadowPart): boolean {
  return unfinished === 0 && name.owner === name.origin;
}

/** Check 18. */
function checkDisk({ disk, found }: World): void {
  const left = disk
    .paths()
    .filter((path) => path.startsWith(SPOOL_DIR) && path !== SPOOL_DIR && path !== SPOOL_ROOT)
    .filter((path) => !path.startsWith(`${SPOOL_ROOT}/${DAMAGED}`));
  if (left.length > 0) found.push(`18: at rest the disk holds ${left.length} names: ${left.slice(0, 4).join(' ')}`);
}

function checkLedger(world: World): void {
  const { service, logs, excuses, deadLetters, damaged, lives, unordered } = world;
  const readable = lives.filter((life) => !hasGivenUpReading(life));
  const counted = readable.reduce((sum, { stats }) => sum + stats.dropped.damaged, 0);
  const expected = damaged
    .filter(({ isCountable }) => isCountable)
    .reduce((sum, { records }) => sum + records.length, 0);
  // A process that dies before its progress names what is damaged leaves it to the next one, which counts it again.
  const mayDiffer = damaged.length > 0 && counted >= expected;
  if (damaged.length === 0 && counted > 0 && !excuses.some(({ kind }) => kind === 'power loss')) {
    world.found.push(`12: ${counted} records are counted as damaged, and nothing was`);
  }
  const history = {
    ...{ attempts: service.attempts, processes: logs, excuses, deadLetters, damaged },
    countedDamaged: mayDiffer || damaged.length === 0 ? expected : counted,
    mustHaveArrived: [],
  };
  for (const text of violations(history)) if (!isExcused(text, world, unordered)) world.found.push(text);
  checkArrival(world);
}

/** A segment that cannot be read is set aside after five tries over a minute, and counted as damaged. */
function hasGivenUpReading({ failedReadsAtMs }: Life): boolean {
  return failedReadsAtMs.length >= 5 && failedReadsAtMs.at(-1)! - failedReadsAtMs[0]! >= 60_000;
}

function isExcused(text: string, world: World, unordered: ReadonlySet<string>): boolean {
  const { lives, excuses, deadLetters, service, logs } = world;
  // The power takes progress that was not synced: what was sent alone may be joined then, and the other way round.
  if (text.startsWith('5:') && excuses.some(({ kind }) => kind === 'power loss')) return true;
  if (!text.startsWith('7:')) return false;
  const [, older] = / of (\S+) arrived in /.exec(text) ?? [];
  if (older === undefined || unordered.has(older)) return true;
  // It counted them as damaged, and its successor could read them.
  if (lives.some((life) => life.log.name === older && hasGivenUpReading(life))) return true;
  // It was given up, and a crash forgot that.
  if (deadLetters.some((each) => text.startsWith(`7: record ${each} of`))) return true;
  const [, record] = /^7: record (.*) of \S+ arrived in /.exec(text) ?? [];
  const first = service.ledger.find(({ records }) => records.includes(record!));
  const sender = logs.find(({ name }) => name === first?.process);
  // The request was on its way when its process died.
  if (sender?.diedAt !== undefined && sender.diedAt < first!.storedAt!) return true;
  const [, younger] = / after one of (\S+), born later/.exec(text) ?? [];
  if (younger === undefined) return false;
  // A third process of the instance lived at the same time, and may have had the older one's records.
  const late = logs.find(({ name }) => name === younger)!;
  const isBeside = ({ name, instance, bornAt, diedAt }: Log) =>
    name !== younger &&
    instance === late.instance &&
    bornAt < (late.diedAt ?? Infinity) &&
    (diedAt ?? Infinity) > late.bornAt;
  if (logs.some(isBeside)) return true;
  // A third process had waited a lease for the older one, and sent the records of the younger one then.
  const hasSent = ({ name }: Log) =>
    service.attempts.some(
      (each) => each.process === name && late.accepted.some(({ text }) => each.records.includes(text)),
    );
  if (logs.some((log) => log.notBehind.includes(older) && hasSent(log))) return true;
  // A spool that could not be opened or listed at the start was not waited for.
  const names = [older, younger];
  return lives.some((life) => names.includes(life.log.name) && life.hadFault) || unordered.has(younger);
}

/** What was accepted has arrived, was given up, or was in the memory of a process that died. */
function checkArrival(world: World): void {
  const { service, logs, lives, deadLetters, seenOnDisk } = world;
  const arrived = new Set(service.ledger.flatMap(({ records }) => records));
  for (const text of deadLetters) arrived.add(text);
  const missing: string[] = [];
  for (const log of logs) {
    const life = lives.find(({ name }) => name === log.name.split('#')[0])!;
    for (const { text } of log.accepted) {
      if (arrived.has(text) || (life.isDead && !life.isClosed && !seenOnDisk.has(text))) continue;
      missing.push(text);
    }
  }
  const dropped = lives.reduce((sum, { stats }) => sum + sumOf(stats.dropped) - stats.dropped.rejected, 0);
  if (missing.length > dropped) {
    world.found.push(
      `3: ${missing.length} records are missing, ${dropped} were counted, the first is ${missing[0]!.slice(0, 60)}`,
    );
  }
}
