import type { Dialect } from '../src/provider/dialects/schema.ts';
import { messageBatch } from './anthropic.ts';
import type {
  BatchEnd,
  BatchState,
  Ending,
  Milestones,
  Running,
  SimulatedBatch,
  ValidationError,
} from './batches.ts';
import { NO_USAGE, usageObject } from './batch-usage.ts';
import { time, type Spoken, type Wire } from './dialects.ts';
import { mistralJob } from './mistral.ts';
import type { Quirks } from './quirks.ts';
import { togetherJob } from './together.ts';

/** A batch as the dialect shows it. */
export function batchObject(
  batch: SimulatedBatch,
  state: BatchState,
  spoken: Spoken,
  { inProgressAt, finalizingAt }: Milestones,
): Wire {
  const { dialect, quirks } = spoken;
  const { end } = batch;
  const aheadMs = clockAheadMs(batch);
  const at = (milliseconds: number | undefined): unknown =>
    time(milliseconds === undefined ? undefined : milliseconds + aheadMs, spoken);
  const failed = end?.ending === 'failed' && batch.errors.length > 0;
  const object = {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: failed ? errorList(batch, spoken) : null,
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status: shownStatus(state, spoken),
    output_file_id: end?.outputFileId ?? null,
    error_file_id: end?.errorFileId ?? null,
    created_at: at(batch.createdAt),
    expires_at: at(quirks.neverExpires ? undefined : batch.expiresAt),
    completed_at: at(endedAt(end, 'succeeded')),
    failed_at: at(endedAt(end, 'failed')),
    expired_at: at(endedAt(end, 'expired')),
    // Melious has none of these fields.
    ...(dialect.name !== 'melious' && {
      in_progress_at: at(inProgressAt),
      finalizing_at: at(finalizingAt),
      cancelling_at: at(batch.cancelledAt),
      cancelled_at: at(endedAt(end, 'cancelled')),
    }),
    ...counters(batch, state, spoken),
    ...(dialect.name === 'openai' && {
      model: batch.model ?? null,
      usage: usageObject(end?.usage ?? NO_USAGE),
    }),
    metadata: metadataOf(batch, spoken),
  };
  const theirs = otherShape(object, batch, spoken);
  return dialect.fields.absent === 'omitted' ? withoutNulls(theirs) : theirs;
}

/** The objects of providers with other formats than OpenAI's. */
function otherShape(object: Wire, batch: SimulatedBatch, spoken: Spoken): Wire {
  switch (spoken.dialect.adapter) {
    case 'mistral':
      return mistralJob(object, batch);
    case 'together':
      return togetherJob(object, batch);
    case 'anthropic':
      return messageBatch(object, batch, time(batch.cancelledAt, spoken));
    case 'openai':
    case undefined:
      return object;
  }
}

function withoutNulls(object: Wire): Wire {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function clockAheadMs({ actions }: SimulatedBatch): number {
  return actions.reduce(
    (sum, action) => sum + (action.kind === 'clock' ? action.aheadSeconds * 1_000 : 0),
    0,
  );
}

/** Longest value after a proxy has cut it. */
const CUT = 12;

/** Changes metadata as proxies do. */
function disturbed({ metadata, actions }: SimulatedBatch): Readonly<Record<string, string>> {
  const shown = actions.flatMap((action) => (action.kind === 'metadata' ? action.shown : [])).at(0);
  if (shown === 'none') return {};
  const entries = Object.entries(metadata);
  if (shown === 'cut') return Object.fromEntries(entries.map(([name, value]) => [name, value.slice(0, CUT)]));
  if (shown !== 'upper case') return metadata;
  return Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value.toUpperCase()]));
}

/** The metadata that a batch shows. Empty if the dialect does not keep metadata, except for the provider's own. */
function metadataOf(batch: SimulatedBatch, { dialect, quirks }: Spoken): unknown {
  const kept = dialect.honours.metadata === true ? disturbed(batch) : {};
  const shown = { ...kept, ...quirks.ownMetadata };
  return Object.keys(shown).length === 0 && dialect.name !== 'melious' ? null : shown;
}

function errorList({ errors }: SimulatedBatch, { dialect, quirks }: Spoken): unknown {
  if (quirks.errorLines === 'message') return { object: 'list', data: errors.map(withLineInMessage) };
  return dialect.fields.errors === 'text'
    ? errors.map(({ code, message }) => `${code}: ${message}`).join('; ')
    : { object: 'list', data: errors };
}

function withLineInMessage({ code, message, line }: ValidationError): ValidationError {
  return { code, message: line === null ? message : `Line ${line}: ${message}`, line: null, param: null };
}

function shownStatus(state: BatchState, { dialect, quirks }: Spoken): string {
  if ('ending' in state) return cased(endingWord(state.ending, dialect), quirks);
  // A fault takes precedence.
  if (state.shown !== state.status) return state.shown;
  const words: Readonly<Record<Running, string>> = {
    queued: quirks.queued,
    in_progress: quirks.inProgress,
    finalizing: quirks.finalizing,
    cancelling: cancellingWord(dialect),
  };
  return cased(words[state.status], quirks);
}

function cancellingWord({ adapter }: Dialect): string {
  if (adapter === 'mistral') return 'cancellation_requested';
  if (adapter === 'together') return 'in_progress';
  return adapter === 'anthropic' ? 'canceling' : 'cancelling';
}

function endingWord(ending: Ending, { adapter, statuses }: Dialect): string {
  // Anthropic shows only that a batch has ended; its rows show how.
  if (adapter === 'anthropic') return 'ended';
  return Object.entries(statuses).find(([, means]) => means === ending)?.[0] ?? ending;
}

function cased(status: string, { casing }: Quirks): string {
  if (casing === 'upper') return status.toUpperCase();
  return casing === 'capital' ? `${status.charAt(0).toUpperCase()}${status.slice(1)}` : status;
}

function counters(batch: SimulatedBatch, state: BatchState, spoken: Spoken): Wire {
  const fault = batch.actions.find((action) => action.kind === 'counts');
  if (fault !== undefined) return { request_counts: fault.counts };
  const { counts } = spoken.quirks;
  const shown = shownCounts(batch, state, spoken);
  if (shown === undefined) return { request_counts: null };
  if (counts === 'twice') return { ...shown, request_counts: shown };
  if (batch.end !== undefined || counts === 'shown') return { request_counts: shown };
  if (counts === 'absent') return {};
  return { request_counts: Object.fromEntries(Object.keys(shown).map((name) => [name, null])) };
}

/** The counters of a batch. A batch that failed its validation ran nothing: OpenAI shows 0/0/0. */
function shownCounts(batch: SimulatedBatch, state: BatchState, { dialect }: Spoken): Wire | undefined {
  const names = dialect.counters;
  if (typeof names === 'string') return undefined;
  const { end } = batch;
  const total = end !== undefined && batch.errors.length > 0 ? 0 : batch.requests;
  const errored = end?.errored ?? 0;
  const done = end === undefined ? ('done' in state ? state.done : 0) : end.succeeded + errored;
  const first = names.total === undefined ? { processing: total - done } : { [names.total]: total };
  return { ...first, [names.succeeded]: done - errored, [names.failed]: errored };
}

function endedAt(end: BatchEnd | undefined, ending: Ending): number | undefined {
  return end?.ending === ending ? end.at : undefined;
}
