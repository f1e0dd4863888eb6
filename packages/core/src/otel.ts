// The counters as OpenTelemetry metrics.
//
// Takes: what has `stats()`, read when metrics are collected and not before. Gives: the instruments of
// telemetry/instruments.ts, all observed by one callback. Keeps: how many were reported, to name each. Never: loaded by
// anything else in this package: `@opentelemetry/api` is the application's.

import { type Attributes, type BatchObservableResult, type Meter, metrics, type Observable } from '@opentelemetry/api';
import type { Stats } from './telemetry/counters';
import { INSTRUMENTS, type Instrument } from './telemetry/instruments';

/**
 * A shipper, a host, a winston transport, pino's stream; or, for a transport in pino's worker, `() =>
 * stats(transport)`.
 */
export type StatsSource = { stats(): Stats } | (() => Stats | Promise<Stats>);

export interface ReportOptions {
  /** Default: the global provider's, which has to be set before. */
  readonly meter?: Meter | undefined;
  /** Beside, or in place of, `otel.component.type` and `otel.component.name`; for several transports in one process. */
  readonly attributes?: Attributes | undefined;
}

const COMPONENT_TYPE = 'putlogs';
let reported = 0;

/**
 * Reports the counters of a transport whenever metrics are collected. A source that gives none then is an error of that
 * collection, which the SDK tells.
 * @returns ends the reporting
 */
export function reportStats(source: StatsSource, { meter = ownMeter(), attributes }: ReportOptions = {}): () => void {
  const component = {
    'otel.component.type': COMPONENT_TYPE,
    'otel.component.name': `${COMPONENT_TYPE}/${reported}`,
    ...attributes,
  };
  reported += 1;
  const instruments = INSTRUMENTS.map(({ read, ...instrument }) => ({ read, observable: create(meter, instrument) }));
  const observables = instruments.map(({ observable }) => observable);
  const observe = async (result: BatchObservableResult): Promise<void> => {
    const stats = await (typeof source === 'function' ? source() : source.stats());
    for (const { read, observable } of instruments) {
      for (const { value, errorType } of read(stats)) {
        const reason = errorType === undefined ? {} : { 'error.type': errorType };
        result.observe(observable, value, { ...component, ...reason });
      }
    }
  };
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

function ownMeter(): Meter {
  const { name, version } = require('../package.json') as { name: string; version: string };
  return metrics.getMeter(name, version);
}

function create(meter: Meter, { name, kind, unit, description }: Omit<Instrument, 'read'>): Observable {
  const options = { unit, description };
  return kind === 'counter'
    ? meter.createObservableCounter(name, options)
    : meter.createObservableUpDownCounter(name, options);
}
