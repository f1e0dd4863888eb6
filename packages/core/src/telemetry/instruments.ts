// The OpenTelemetry instruments, each with the function that reads its values from the counters.
//
// A name is from the semantic conventions (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics) if these have
// one. Otherwise it begins with `putlogs.`. For the conventions a transport is two things. As a log processor
// it accepts or refuses a record. As an exporter it keeps the record until it is delivered or lost. These conventions
// are not stable, and their names may change.

import type { DropReason, Stats } from './counters';

/** A value. If it counts failures, it has the reason. */
interface Reading {
  readonly value: number;
  readonly errorType?: string;
}

export interface Instrument {
  readonly name: string;
  readonly kind: 'counter' | 'updown counter';
  /** A unit of UCUM. */
  readonly unit: string;
  readonly description: string;
  readonly read: (stats: Stats) => readonly Reading[];
}

/** The conventions have their own words for two of the reasons of a refusal. */
const REFUSALS: Partial<Record<DropReason, string>> = { memory: 'queue_full', closed: 'already_shutdown' };

export const INSTRUMENTS: readonly Instrument[] = [
  {
    name: 'otel.sdk.processor.log.processed',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Records that were accepted, or, with an error.type, refused.',
    read: ({ accepted, refused }) => [{ value: accepted }, ...byReason(refused, REFUSALS)],
  },
  {
    name: 'otel.sdk.processor.log.queue.size',
    kind: 'updown counter',
    unit: '{log_record}',
    description: 'Records in memory that are neither delivered, on disk, nor lost.',
    read: ({ pending }) => [{ value: pending }],
  },
  {
    name: 'otel.sdk.exporter.log.inflight',
    kind: 'updown counter',
    unit: '{log_record}',
    description: 'Records in memory or on disk that are neither delivered nor lost.',
    read: ({ pending, spooled }) => [{ value: pending + spooled }],
  },
  {
    name: 'otel.sdk.exporter.log.exported',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Records that the service has acknowledged, or, with an error.type, that are lost.',
    read: ({ delivered, dropped }) => [{ value: delivered }, ...byReason(dropped)],
  },
  {
    name: 'putlogs.record.recovered',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Records that earlier processes have left in the spool.',
    read: ({ recovered }) => [{ value: recovered }],
  },
  {
    name: 'putlogs.record.truncated',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Records that were cut because they were longer than maxRecordBytes.',
    read: ({ truncated }) => [{ value: truncated }],
  },
  {
    name: 'putlogs.record.dead_lettered',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Rejected records in the dead-letter file, or, with an error.type, that could not be written there.',
    read: ({ deadLettered, deadLetterLost }) => [
      { value: deadLettered },
      ...(deadLetterLost > 0 ? [{ value: deadLetterLost, errorType: 'not_written' }] : []),
    ],
  },
  {
    name: 'putlogs.record.dead_letter_evicted',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Lines of the dead-letter file that were deleted to stay within deadLetter.maxBytes.',
    read: ({ deadLetterEvicted }) => [{ value: deadLetterEvicted }],
  },
  {
    name: 'putlogs.spool.size',
    kind: 'updown counter',
    unit: '{log_record}',
    description: 'Records on disk that are not delivered yet.',
    read: ({ spooled }) => [{ value: spooled }],
  },
  {
    name: 'putlogs.memory.usage',
    kind: 'updown counter',
    unit: 'By',
    description: 'Bytes of records in memory, of which memory.maxBytes is the limit.',
    read: ({ pendingBytes }) => [{ value: pendingBytes }],
  },
  {
    name: 'putlogs.batch.delivered',
    kind: 'counter',
    unit: '{batch}',
    description: 'Batches that the service has acknowledged.',
    read: ({ batches }) => [{ value: batches }],
  },
  {
    name: 'putlogs.batch.halved',
    kind: 'counter',
    unit: '{batch}',
    description: 'Batches that were sent again in two parts.',
    read: ({ halved }) => [{ value: halved }],
  },
  {
    name: 'putlogs.batch.raw_size',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of acknowledged batches before compression.',
    read: ({ rawBytes }) => [{ value: rawBytes }],
  },
  {
    name: 'putlogs.batch.wire_size',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of acknowledged batches as they were sent.',
    read: ({ wireBytes }) => [{ value: wireBytes }],
  },
  {
    name: 'putlogs.request.sent',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that were sent, with their retries.',
    read: ({ requests }) => [{ value: requests }],
  },
  {
    name: 'putlogs.request.retried',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that were sent again after one that failed.',
    read: ({ retries }) => [{ value: retries }],
  },
  {
    name: 'putlogs.credentials.failed',
    kind: 'counter',
    unit: '{failure}',
    description: 'How often the source of credentials returned no credentials.',
    read: ({ credentialFailures }) => [{ value: credentialFailures }],
  },
  {
    name: 'putlogs.transform.failed',
    kind: 'counter',
    unit: '{log_record}',
    description: 'Records that were sent unchanged because transform failed.',
    read: ({ transformFailures }) => [{ value: transformFailures }],
  },
  {
    name: 'putlogs.status.failed',
    kind: 'counter',
    unit: '{failure}',
    description: 'How often the status file for putlogs top could not be written.',
    read: ({ statusFailures }) => [{ value: statusFailures }],
  },
];

/** Returns only reasons that have occurred. Most never do, and each would be a time series. */
function byReason(reasons: Stats['dropped'], names: Partial<Record<DropReason, string>> = {}): Reading[] {
  return (Object.keys(reasons) as DropReason[])
    .filter((reason) => reasons[reason] > 0)
    .map((reason) => ({ value: reasons[reason], errorType: names[reason] ?? reason }));
}
