import { basename } from 'node:path';
import { styleText } from 'node:util';
import { forecastText } from '../../src/batches/forecast.ts';
import { rowsToSend } from '../../src/checkpoints/plan.ts';
import { PRICES_AS_OF } from '../../src/cost/aws-prices.ts';
import { counted, grouped } from '../../src/text/counted.ts';
import { duration } from '../../src/text/duration.ts';
import { printable } from '../../src/text/printable.ts';
import type { PlannedBatch, PlannedDirect } from '../plan-costs.ts';
import { describeDisk } from '../plan-disk.ts';
import type { PlannedJob } from '../plan-job.ts';
import { readingNotices } from './reading-notices.ts';

/** Describes the pilot: the rows that are sent first, and the condition for the others. */
function describePilot({ profile: { pilot }, plan }: PlannedJob): string[] {
  const toSend = rowsToSend(plan);
  if (pilot === undefined || toSend === 0) return [];
  const { rows, maxBad, approvalDays } = pilot;
  if (toSend <= rows)
    return [
      `none: ${counted(toSend, 'row')} to send, and a pilot has ${grouped(rows)}; all are sent at once`,
    ];
  const limits = [
    ...(maxBad === undefined
      ? []
      : [`no more than ${Number((100 * maxBad).toFixed(4))} % of them are not ok`]),
    ...(approvalDays === undefined ? [] : ['a person approves']),
  ];
  return [`${counted(rows, 'row')} first; the other ${grouped(toSend - rows)} if ${limits.join(' and ')}`];
}

/** Most invalid rows to print; the others are in `--json`, and after a run in the results. */
const SHOWN_PROBLEMS = 10;

/** The plan for a person, as lines. */
export function describePlan(planned: PlannedJob, files: readonly string[], data: string): string[] {
  const { profile, plan } = planned;
  const treated = [profile.provider.name, profile.model ?? 'the models its rows name', profile.endpoint];
  const line = (name: string, text: string): string => `${styleText('bold', name.padEnd(9))} ${text}`;
  return [
    line('job', files.map((file) => printable(basename(file))).join(', ')),
    line('profile', `${printable(profile.name)}: ${treated.map(printable).join(', ')}`),
    line(
      'rows',
      `${grouped(plan.rows)}: ${grouped(plan.rows - plan.invalid)} valid, ${grouped(plan.invalid)} invalid${describeRepeats(plan)}${describeReused(plan)}${plan.hasMore ? '; the input has more' : ''}`,
    ),
    line('shards', describeShards(plan)),
    line('tokens', `about ${grouped(plan.inputTokens)} of input`),
    ...describePilot(planned).map((text) => line('pilot', text)),
    ...(plan.failure === undefined ? describeSending(planned).map(([name, text]) => line(name, text)) : []),
    ...describeDisk(planned, data).map((text) => line('disk', text)),
    ...describeSkipped(planned).map((text) => line('skipped', text)),
    ...readingNotices(plan.inputs ?? []).map((notice) => line('read', notice)),
    ...describeRequests(planned),
    ...describeProblems(plan),
    styleText('dim', 'Nothing was sent.'),
  ];
}

function describeReused({ reused }: PlannedJob['plan']): string {
  if (reused === undefined) return '';
  const rows = reused.rows === 1 ? '1 row has its' : `${grouped(reused.rows)} rows have their`;
  const tokens = grouped(reused.usage.inputTokens + reused.usage.outputTokens);
  return `; ${rows} answer from ${counted(reused.from.length, 'earlier job')} and ${reused.rows === 1 ? 'is' : 'are'} not sent, which saves ${tokens} tokens`;
}

function describeRepeats({ deduplicated = 0 }: PlannedJob['plan']): string {
  if (deduplicated === 0) return '';
  const rows = deduplicated === 1 ? '1 row repeats' : `${grouped(deduplicated)} rows repeat`;
  return `; ${rows} the request of another and ${deduplicated === 1 ? 'is' : 'are'} not sent`;
}

/** Most characters of a request to print; `--json` has all of them. */
const SHOWN_CHARACTERS = 2_000;

function describeRequests({ requests, plan }: PlannedJob): string[] {
  if (requests.length === 0 || plan.failure !== undefined) return [];
  const shown = requests.map((line) =>
    line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line,
  );
  const first = requests.length === 1 ? 'the first request' : `the first ${requests.length} requests`;
  return [`${first}, as sent:`, ...shown.map((line) => `  ${printable(line)}`)];
}

/** Most skipped files to print; `--json` has more. */
const SHOWN_SKIPPED = 5;

function describeSkipped({ skipped }: PlannedJob): string[] {
  if (skipped === undefined) return [];
  const names = skipped.keys.slice(0, SHOWN_SKIPPED).map((key) => printable(basename(key)));
  const more = skipped.count - names.length;
  const others = more > 0 ? ` and ${grouped(more)} more` : '';
  return [`empty or of unknown format: ${names.join(', ')}${others}`];
}

function describeShards({ shards }: PlannedJob['plan']): string {
  const sent = shards.filter(({ requests }) => requests > 0);
  if (sent.length === 0) return 'none';
  const most = (of: (shard: (typeof sent)[number]) => number): number => Math.max(...sent.map(of));
  const mostRequests = counted(
    most(({ requests }) => requests),
    'request',
  );
  return `${grouped(sent.length)}, each with at most ${mostRequests} and ${counted(
    most(({ bytes }) => bytes),
    'byte',
  )}`;
}

function describeSending({ batches, direct, price, forecast: room }: PlannedJob): [string, string][] {
  return [
    ...(direct === undefined
      ? [['polls', describePolls(batches)] as [string, string]]
      : [['direct', describeDirect(direct)] as [string, string]]),
    ...batches.map(({ endsAfter, polls, aws }): [string, string] => [
      '',
      `batches of ${duration(endsAfter)}: ${counted(polls.length, 'poll')} each, about $${money(aws.usd.total)} of AWS`,
    ]),
    [
      '',
      styleText(
        'dim',
        `on a deployed stack, at list prices of us-east-1, ${PRICES_AS_OF}; one round; without storage, logs and free tiers`,
      ),
    ],
    ...(direct === undefined ? [['room', forecastText(room)] as [string, string]] : []),
    ...(price === undefined ? [] : [['price', describePrice(price)] as [string, string]]),
  ];
}

function describeDirect({ calls, aws }: PlannedDirect): string {
  return `no batch: ${counted(calls, 'call')} to the realtime endpoint, about $${money(aws.usd.total)} of AWS`;
}

const SHOWN_POLLS = 5;

function describePolls(batches: readonly PlannedBatch[]): string {
  const first = batches.at(-1)?.polls.slice(0, SHOWN_POLLS) ?? [];
  return `after ${first.map(duration).join(', ')}, …`;
}

function describePrice({
  currency,
  input,
  outputPerMillion,
  mostOutput,
}: NonNullable<PlannedJob['price']>): string {
  const most =
    mostOutput === undefined
      ? ''
      : `, at most ${money(mostOutput)} ${currency} with the longest allowed answers`;
  return `about ${money(input)} ${currency} for the input; the output ${outputPerMillion} ${currency} a million tokens${most}`;
}

/** Two significant digits: 0.0041, 1.25, 1,234. */
function money(amount: number): string {
  if (amount >= 100) return grouped(Math.round(amount));
  return amount >= 1 ? amount.toFixed(2) : String(Number(amount.toPrecision(2)));
}

function describeProblems({ problems, invalid, failure }: PlannedJob['plan']): string[] {
  // A problem that all rows have is printed once.
  if (failure?.name === 'InvalidRequest') return [];
  const shown = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(
      ({ line, custom_id, code, message }) =>
        `  line ${line}  ${printable(custom_id)}  ${styleText('yellow', code)}  ${printable(message)}`,
    );
  if (invalid === 0) return [];
  const more = invalid - shown.length;
  return ['invalid rows:', ...shown, ...(more > 0 ? [`  … and ${grouped(more)} more`] : [])];
}
