// What a spool reports to the stage that sends its records.

import type { NewWarning } from '../telemetry/warning-codes';
import type { DiskFailure } from './disk';
import type { Journal } from './journal';
import type { Segment } from './segment';

export interface AdoptedFrom {
  /** Whether it is of our own instance. Then it is sent before our own records, otherwise in a lane of its own. */
  readonly isMine: boolean;
  /** Whether a dead worker of this process left it. */
  readonly isInherited: boolean;
  readonly instance: string;
}

export interface SpoolEvents {
  readonly onAdopted: (journal: Journal, from: AdoptedFrom) => void;
  /** Records of runs later than this one must not be sent now. Undefined: all records can be sent. */
  readonly onWait: (run: string | undefined) => void;
  readonly onFailure: (failure: DiskFailure) => void;
  readonly onNotice: (notice: NewWarning) => void;
  readonly onDamaged: (records: number, why: string) => void;
  readonly onSurplus: (records: number) => void;
  /** Called before a segment of our own journal is deleted to make room. */
  readonly onEvictSegment: (segment: Segment) => void;
  /** Whether journals of this other instance can be sent now. */
  readonly canAdoptOther: (instance: string) => boolean;
  /** Releases the journals of a directory after the unit in flight is finished. Resolves when they are closed. */
  readonly onHandBack: (directory: string) => Promise<void>;
  /** The directory of this run, or an adopted one, now belongs to another process, or was deleted. */
  readonly onEvicted: (directory: string, isDeleted: boolean) => void;
}
