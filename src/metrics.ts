import { OUTCOMES } from './checkpoints/outcomes.ts';
import type { LogEvent, LogFields } from './log.ts';

/** Where CloudWatch keeps the workflow's metrics. Every metric has the dimension `service`: which workflow it is of. */
export const METRIC_NAMESPACE = 'Nightshift';

export type MetricName =
  | 'JobsEnded'
  | 'Rows'
  | 'Tokens'
  | 'JobSeconds'
  | 'OpenBatchAge'
  | 'PollLag'
  | 'HandlerErrors'
  | 'JobsNotAnnounced';

/** One value of one metric. */
export interface Measurement {
  readonly metric: MetricName;
  readonly unit: 'Count' | 'Seconds';
  readonly value: number;
  /** Few values each: every combination is a metric that is paid for. Never ids. */
  readonly dimensions: Readonly<Record<string, string>>;
}

type Measure = (fields: LogFields) => readonly Measurement[];

/** What is measured, by the event of the log that tells it: steps know of no metrics. */
const MEASURES: Readonly<Partial<Record<LogEvent, Measure>>> = {
  results_written: (fields) => [
    counted('JobsEnded', 1, { Status: text(fields['status']) }),
    ...OUTCOMES.map((Outcome) => counted('Rows', fields[Outcome], { Outcome })),
    counted('Tokens', fields['inputTokens'], { Direction: 'input' }),
    counted('Tokens', fields['outputTokens'], { Direction: 'output' }),
    seconds('JobSeconds', fields['seconds']),
  ],
  job_refused: () => [counted('JobsEnded', 1, { Status: 'refused' })],
  job_empty: () => [counted('JobsEnded', 1, { Status: 'empty' })],
  batch_polled: (fields) => [
    seconds('PollLag', fields['lagSeconds']),
    // One that has ended is open no more, however old it is.
    ...(fields['phase'] === 'ended' ? [] : [seconds('OpenBatchAge', fields['ageSeconds'])]),
  ],
  step_failed: (fields) => [
    counted('HandlerErrors', 1, { Step: text(fields['step']), Error: text(fields['error']) }),
  ],
  job_not_announced: () => [counted('JobsNotAnnounced', 1)],
};

/** What a line of the log says in numbers. Pure. @param step whose line it is */
export function measure(event: LogEvent, fields: LogFields, step: string): readonly Measurement[] {
  return MEASURES[event]?.({ ...fields, step }) ?? [];
}

function counted(
  metric: MetricName,
  value: LogFields[string],
  dimensions: Measurement['dimensions'] = {},
): Measurement {
  return { metric, unit: 'Count', value: number(value), dimensions };
}

function seconds(metric: MetricName, value: LogFields[string]): Measurement {
  return { metric, unit: 'Seconds', value: number(value), dimensions: {} };
}

const number = (value: LogFields[string]): number => (typeof value === 'number' ? value : 0);

const text = (value: LogFields[string]): string => String(value ?? 'unknown');
