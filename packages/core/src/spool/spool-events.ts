// What a spool reports to the stage that sends its records.

import type { NewWarning } from '../telemetry/warning-catalogue';
import type { DiskFailure } from './disk';
import type { Journal } from './journal';
import type { Segment } from './segment';

export interface AdoptedFrom {
  /** Whether the journal is of the own instance: then it is sent before the own records, else in a lane of its own. */
  readonly isMine: boolean;
  /** Whether a dead worker of this process left it. */
  readonly isInherited: boolean;
  readonly instance: string;
}

export interface SpoolEvents {
  readonly onAdopted: (journal: Journal, from: AdoptedFrom) => void;
  /** Records of this run, and of runs later than the given one, must not be sent now; with undefined, all can be. */
  readonly onWait: (run: string | undefined) => void;
  readonly onFailure: (failure: DiskFailure) => void;
  readonly onNotice: (notice: NewWarning) => void;
  readonly onDamaged: (records: number, why: string) => void;
  readonly onSurplus: (records: number) => void;
  /** Called before a segment of the own journal gives way. */
  readonly onEvictSegment: (segment: Segment) => void;
  /** Whether journals of this other instance can be sent now. */
  readonly canAdoptOther: (instance: string) => boolean;
  /** Releases the journals of a directory after the unit in flight; resolves when they are closed. */
  readonly onHandBack: (directory: string) => Promise<void>;
  /** The directory of this run, or an adopted one, now belongs to another process, or was deleted. */
  readonly onEvicted: (directory: string, isDeleted: boolean) => void;
}
