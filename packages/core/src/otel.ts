// Reports the counters as OpenTelemetry metrics.
//
// The counters are read when metrics are collected. No other file loads this one, because only some applications have
// `@opentelemetry/api`. telemetry/instruments.ts lists the instruments.

import { type Attributes, type BatchObservableResult, type Meter, metrics, type Observable } from '@opentelemetry/api';
import type { Stats } from './telemetry/counters';
import { INSTRUMENTS, type Instrument } from './telemetry/instruments';

/** A shipper, a winston transport or pino's stream. For a transport in pino's worker: `() => stats(logger)`. */
export type StatsSource = { stats(): Stats } | (() => Stats | Promise<Stats>);

/** The options of `reportStats`. */
export interface ReportOptions {
  /** Default: a meter of the global provider, which the application must have set before. */
  readonly meter?: Meter | undefined;
  /**
   * Added to each data point. May replace `otel.component.type` and `otel.component.name`, to name one of several
   * transports.
   */
  readonly attributes?: Attributes | undefined;
}

const COMPONENT_TYPE = 'putlogs';
let reported = 0;

/**
 * Reports the counters of a transport each time metrics are collected. If the source throws, the SDK reports the error.
 * @returns a function that ends the reporting
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
