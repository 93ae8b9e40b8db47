import { OUTCOMES } from '../../src/checkpoints/outcomes.ts';
import { styleText } from 'node:util';
import cliTruncate from 'cli-truncate';
import type { OutcomeCounts } from '../../src/checkpoints/counts.ts';
import type { JobDetails, JobStatus } from '../../src/status/job-status.ts';
import type { ShardStatus } from '../../src/status/shard-status.ts';
import { printable } from '../../src/text/printable.ts';
import { describePilot } from '../../src/status/describe-pilot.ts';
import { counted, grouped } from '../../src/text/counted.ts';
import { duration } from '../../src/text/duration.ts';
import { doneOf, figuresOf, nextPollText, waitTexts } from './figures.ts';
import { statusText } from './status-text.ts';

/** Most shards with a line each. */
export const MAX_SHARD_LINES = 10;

const BAR_CELLS = 20;

/** Below this many columns, no bars are shown. */
const BAR_MIN_COLUMNS = 60;

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/**
 * A job as lines for a terminal: one line per shard if they fit, otherwise three lines that sum them up; then the job as a whole.
 * No line is wider than the terminal.
 * @param now milliseconds since 1970
 */
export function renderFrame(
  details: JobDetails,
  { columns, rows }: FrameSize,
  now: number,
  paint: Paint = styleText,
): string[] {
  const { shards } = details;
  const hasRoom =
    shards.length <= MAX_SHARD_LINES && shards.length + (details.status.pilot === undefined ? 2 : 3) <= rows;
  const bars = columns >= BAR_MIN_COLUMNS;
  const lines = hasRoom
    ? shards.map((shard) => shardLine(shard, { now, bars, paint }))
    : aggregateLines(details, { bars, paint });
  const { pilot } = details.status;
  const pilotLines = pilot === undefined ? [] : [describePilot(pilot, details.status.endedAt !== undefined)];
  return [...lines, ...pilotLines, jobLine(details, now, paint)].map((line) =>
    cliTruncate(line, Math.max(1, columns - 1)),
  );
}

const MARKS = { waiting: '○', running: '◐', stopped: '■', done: '✔' } as const;
const COLOURS = { waiting: 'dim', running: 'cyan', stopped: 'red', done: 'green' } as const;

interface LineOptions {
  readonly now: number;
  readonly bars: boolean;
  readonly paint: Paint;
}

function shardLine(shard: ShardStatus, { now, bars, paint }: LineOptions): string {
  const { state, rows, progress } = shard;
  const done = doneOf(shard);
  const parts = [
    `${paint(COLOURS[state], MARKS[state])} shard ${shard.shard}`,
    ...(bars ? [paint(COLOURS[state], bar(done, rows))] : []),
    `${grouped(done)}/${grouped(rows)}`,
    ...shardDetails(shard, now),
    ...(progress !== undefined && progress.round > 1 ? [`round ${progress.round}`] : []),
  ];
  return parts.join('  ');
}

function shardDetails({ state, counts, progress }: ShardStatus, now: number): string[] {
  if (state === 'done' || state === 'stopped') return [state, ...troubles(counts)];
  if (state === 'waiting') return ['waiting'];
  if (progress === undefined) return ['sent'];
  const { nextPollAt } = progress;
  const next = nextPollAt === undefined ? undefined : Date.parse(nextPollAt) - now;
  return [statusText(progress), ...waitTexts(progress, now), ...nextPollText(next)];
}

function bar(done: number, rows: number): string {
  const full = rows === 0 ? BAR_CELLS : Math.floor((BAR_CELLS * Math.min(done, rows)) / rows);
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
}

function aggregateLines({ status, shards }: JobDetails, { bars, paint }: Omit<LineOptions, 'now'>): string[] {
  const { total, done, ...open } = status.shards;
  const states = Object.entries(open).flatMap(([state, n]) => (n === 0 ? [] : [`${grouped(n)} ${state}`]));
  const running = shards.filter(({ state, progress }) => state === 'running' && progress !== undefined);
  const tally = (of: (shard: ShardStatus) => string): string =>
    [...Map.groupBy(running, of)].map(([name, some]) => `${name} ${grouped(some.length)}`).join(' · ');
  return [
    [
      'shards ',
      ...(bars ? [paint('cyan', bar(done, total))] : []),
      [`${grouped(done)}/${grouped(total)} done`, ...states].join(' · '),
    ].join(' '),
    ...(running.length === 0
      ? []
      : [
          `batches ${tally(({ progress }) => (progress === undefined ? '' : statusText(progress)))}`,
          `rounds  ${tally(({ progress }) => `round ${progress?.round ?? 1}:`)}`,
        ]),
  ];
}

/** `running · 40/100 rows · 1/4 shards · 12s · about 18s left · next poll in 3s`. */
export function jobLine(details: JobDetails, now: number, paint: Paint = styleText): string {
  const { status } = details;
  const { done, rows, round, elapsed, left, nextPoll } = figuresOf(details, now);
  return [
    paint(colourOf(status.status), printable(status.status)),
    ...(rows === undefined ? ['counting rows'] : [`${grouped(done)}/${grouped(rows)} rows`]),
    ...troubles(status.counts),
    ...(status.shards.total > 0
      ? [`${grouped(status.shards.done)}/${counted(status.shards.total, 'shard')}`]
      : []),
    ...(round > 1 ? [`round ${round}`] : []),
    duration(elapsed / 1_000),
    ...(left === undefined ? [] : [`about ${duration(left / 1_000)} left`]),
    ...nextPollText(nextPoll),
  ].join(' · ');
}

/** Numbers of rows that are not ok. */
function troubles(counts: OutcomeCounts): string[] {
  return OUTCOMES.filter((outcome) => outcome !== 'ok').flatMap((outcome) =>
    counts[outcome] === 0 ? [] : [`${grouped(counts[outcome])} ${outcome}`],
  );
}

function colourOf(status: JobStatus['status']): 'green' | 'yellow' | 'red' | 'cyan' {
  if (status === 'succeeded' || status === 'empty') return 'green';
  if (status === 'partial' || status === 'cancelling' || status === 'stopped' || status === 'waiting')
    return 'yellow';
  return status === 'failed' || status === 'cancelled' ? 'red' : 'cyan';
}
