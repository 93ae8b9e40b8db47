import { styleText } from 'node:util';
import type { EngineEvent } from '../host/engine-events.ts';
import type { NextAttempt } from '../host/retry-notice.ts';
import { approvalCommands } from './view/approval-commands.ts';
import { retryHint } from './view/retry-hint.ts';
import type { WithoutPilot } from '../src/checkpoints/pilot.ts';
import { describeWithoutPilot } from '../src/status/describe-pilot.ts';
import { counted } from '../src/text/counted.ts';
import { printable } from '../src/text/printable.ts';

/** The display of a job that this process runs. */
export interface RunProgress {
  readonly onEvent: (event: EngineEvent) => void;
  /** Called when the job starts. */
  begin(jobId: string): void;
  /** Prints a line that is not erased later. */
  note(line: string): void;
  /** Called when the job has ended or was interrupted; the last output remains. */
  end(): Promise<void>;
}

/** The location of the job, and settings for the printed lines. */
export interface Where {
  /** The options that select it, for suggested commands. */
  readonly options: string;
  /** The path of an object. */
  readonly locate: (key: string) => string;
  /** True if a summary is printed at the end, with the error of a failed build. */
  readonly hasSummary?: boolean;
}

const HERE: Where = { options: '', locate: (key) => key };

/** Converts the machine's events to lines for a person: one per step, poll and retry. */
export function createProgress(print: (line: string) => void, where = HERE): (event: EngineEvent) => void {
  return (event) => {
    const isBuildError = event.type === 'StateCaught' && event.state === 'Build requests';
    if (isBuildError && where.hasSummary === true) return;
    const line = describe(event, where);
    if (line !== undefined) print(line);
  };
}

/** {@link createProgress} for failures only; the other events are shown elsewhere. */
export function createTroubles(print: (line: string) => void, where = HERE): (event: EngineEvent) => void {
  const report = createProgress(print, where);
  return (event) => {
    if (event.type !== 'StateExited') report(event);
  };
}

/** The payload fields a line may mention (`src/contract.ts`). */
interface Mentioned {
  readonly shard?: number;
  readonly round?: number;
  readonly pilot?: true;
  readonly withoutPilot?: WithoutPilot;
  readonly asks?: { readonly until: string; readonly results: string; readonly report?: string };
  readonly waiting?: object;
  readonly jobId?: string;
  readonly toRun?: { readonly shards: number };
  readonly building?: { readonly rows: number };
  readonly slices?: { readonly phase: string; readonly count: number };
  readonly writing?: number;
  readonly fileId?: string;
  readonly batchId?: string;
  readonly answered?: number;
  readonly status?: string;
  readonly succeeded?: number;
  readonly total?: number;
  readonly next?: string;
  readonly waitSeconds?: number;
  readonly error?: { readonly Error?: string };
}

function describe(
  { type, state, input, output, error, next }: EngineEvent,
  where: Where,
): string | undefined {
  if (state === undefined) return undefined;
  const given: Mentioned = input ?? {};
  if (type === 'StateExited') return describeExit(state, given, output ?? {}, where);
  if (type === 'StateFailed' && next !== undefined)
    return styleText('yellow', `${at(given)}${state}: ${describeFailure(error ?? 'failed', next)}`);
  if (type === 'ChildFailed')
    return styleText('red', `${at(given)}${state}: the shard's execution failed: ${printable(error ?? '')}`);
  if (type === 'StateCaught')
    return styleText('red', `${at(given)}${state}: ${printable(error ?? 'failed')}`);
  return undefined;
}

/** Describes a failure: the reason, the attempt, when the next one is, and what to do. */
function describeFailure(error: string, { attempt, attempts, withinSeconds }: NextAttempt): string {
  const reason = printable(error).replace(/\.$/, '');
  const hint = retryHint(error, attempt);
  const described = `${reason}. Attempt ${attempt} of ${attempts} failed; the next one is within ${withinSeconds} s.`;
  return hint === undefined ? described : `${described} ${hint}`;
}

function describeExit(state: string, given: Mentioned, left: Mentioned, where: Where): string | undefined {
  // The error of a caught step was already shown.
  if (left.error !== undefined) return undefined;
  const step = (detail: string): string =>
    `${at({ ...given, ...left })}${state.padEnd(16)} ${detail}`.trimEnd();
  switch (state) {
    case 'Build requests':
      if (left.building !== undefined) return step(`${counted(left.building.rows, 'row')} so far`);
      if (left.slices !== undefined)
        return step(
          `${counted(left.slices.count, 'slice')} to ${left.slices.phase === 'build' ? 'build' : 'read'}`,
        );
      if (left.waiting !== undefined) return describeWait(left, where, step);
      return step(
        `${counted(left.toRun?.shards ?? 0, 'shard')}${left.pilot ? ' of the pilot' : ''} to run${left.withoutPilot ? `. ${describeWithoutPilot(left.withoutPilot)}` : ''}`,
      );
    case 'Upload file':
      return step(printable(left.fileId ?? ''));
    case 'Create batch':
      return step(`batch ${printable(left.batchId ?? '')} queued`);
    case 'Send direct':
      return step(`${counted(left.answered ?? 0, 'row')} answered`);
    case 'Poll batch':
      return `${at(left)}  status: ${printable(left.status ?? '')} (${left.succeeded ?? '?'}/${left.total ?? '?'})`;
    case 'Cancel batch':
      return step(printable(left.batchId ?? ''));
    case 'Collect results':
      // The step's output has the number of the next round, so its prefix uses the input.
      return `${at(given)}${state.padEnd(16)} ${left.next === 'retry' ? `rows to retry: round ${left.round} in ${left.waitSeconds} s` : ''}`.trimEnd();
    case 'Write results':
      return step(left.writing === undefined ? (left.status ?? '') : 'not all so far');
    default:
      return undefined;
  }
}

/** A line about a wait. Printed once per wait, not at every poll. */
function describeWait(
  { jobId = '', asks }: Mentioned,
  { options, locate }: Where,
  step: (detail: string) => string,
): string | undefined {
  if (asks === undefined) return undefined;
  const until = `${asks.until.slice(0, 16).replace('T', ' ')} UTC`;
  const wait = step(
    `waits after its pilot, until ${until}; then it ends. The pilot's answers: ${printable(locate(asks.report ?? asks.results))}`,
  );
  return [wait, 'In another terminal:', ...approvalCommands(jobId, options)].join('\n  ');
}

/** `shard 3, round 2 · `; empty for the first round of shard 0. */
function at({ shard, round }: Mentioned): string {
  const parts = [
    ...(shard === undefined || shard === 0 ? [] : [`shard ${shard}`]),
    ...(round === undefined || round === 1 ? [] : [`round ${round}`]),
  ];
  return parts.length === 0 ? '' : `${parts.join(', ')} · `;
}
