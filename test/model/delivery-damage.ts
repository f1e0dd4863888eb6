// Damages one entry on the model's disk that no process has in memory.

import { batchOf } from '@putlogs/core/internal/spool/format';
import { recordsIn } from '../support/made-batch';
import { shadowOf } from './delivery-shadow';
import type { World } from './delivery-world';

export function damageAnEntry(world: World): void {
  for (const { journals } of shadowOf(world.disk)) {
    for (const journal of journals) {
      // The first one may be part of what was cut; the last one has no header behind it.
      for (let taken = journal.next(undefined); taken.kind === 'unit'; taken = journal.next(undefined)) {
        const { unit, entries } = taken;
        const only = entries.length === 1 ? entries[0]! : undefined;
        if (only === undefined || unit.finished.total > 0 || unit.cuts.length > 0 || only.entry.bodyBytes < 1) continue;
        const at = unit.start.offset + only.entry.headerBytes;
        const body = Buffer.from(only.body);
        world.disk.damage(unit.segment.path, at, Buffer.of(body[0]! ^ 0xff));
        const texts = recordsIn(batchOf(only.entry, '', body)).map(({ text }) => text);
        world.damaged.push({ records: texts, at: world.time.nextOrder(), isCountable: true });
        return;
      }
    }
  }
}
