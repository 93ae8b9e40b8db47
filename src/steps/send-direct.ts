import { rowCodesOf } from '../collect/lines/row-codes.ts';
import { readCustomId } from '../jsonl/custom-id.ts';
import { requiredLines } from '../jsonl/own-lines.ts';
import type { DirectContext, SentContext } from '../contract.ts';
import { Answers, joinAnswers } from '../direct/answers.ts';
import type { DirectRow } from '../direct/held-rows.ts';
import { sendRows, type Sent } from '../direct/send-rows.ts';
import type { ProviderEdges } from '../edges.ts';
import { jobObject } from '../checkpoints/job.ts';
import type { Progress } from '../checkpoints/shard/progress.ts';
import { roundKey } from '../checkpoints/keys.ts';
import { jobAtStep } from '../ladder/step-of-round.ts';
import { MAX_POLLS_PER_ROUND } from '../batches/polling.ts';
import { readBodyText } from '../rows/request-line.ts';
import { readStop, rejectWhenStopped } from '../checkpoints/stop.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { reportProgress } from './report-progress.ts';

/** Milliseconds in which calls may start. A Lambda has fifteen minutes and a call may take four, so no call starts after ten. */
const BUDGET_MS = 600_000;

/** After this many consecutive passes without an answer, the rows end without an answer, because the provider accepts nothing. */
const MAX_STALLED_PASSES = 8;

/**
 * If the provider requests a longer wait than this after a pass, the pass counts as half of {@link MAX_STALLED_PASSES}, so that a
 * wait of a day happens only once.
 */
const LONG_WAIT_MS = 3_600_000;

/**
 * Sends a round's rows to the realtime endpoint, one call each, until the Lambda's time is up; the machine calls it again until
 * no row is left. Rows with a stored answer are not sent again.
 */
export async function sendDirect(edges: ProviderEdges, context: DirectContext): Promise<SentContext> {
  const { store, log } = edges;
  const { jobId, shard, round } = context;
  if ((await store.stat(roundKey(context, round, 'output.jsonl'))) !== undefined) return ended(context);
  const { answers, answered } = await Answers.open(store, context, round);
  const before = answered.size;
  if (before === 0) await rejectWhenStopped(store, context);
  const job = jobAtStep(await jobObject.require(store, jobId), context.step);
  await reportProgress(edges, context, progressOf(edges, context, before, 0));
  const sent = await sendRows(edges, rowsToSend(store, context, answered), {
    endpoint: job.profile.endpoint,
    provider: edges.provider(context.provider),
    codes: rowCodesOf(job.profile),
    answers,
    hasAnswers: before > 0,
    until: edges.clock.now() + BUDGET_MS,
    isStopped: async () => (await readStop(store, jobId)) !== undefined,
  });
  const { end } = sent;
  const total = before + sent.answered;
  log('rows_sent', { jobId, shard, round, answered: sent.answered, before, end });
  if (total === 0 && end === 'stopped') await rejectWhenStopped(store, context);
  const next = nextPass({ ...context, answered: total }, sent);
  await reportProgress(edges, context, progressOf(edges, context, total, next.waitSeconds));
  if (next.phase !== 'ended') return next;
  // Rows that are given up get the provider's last rejection as their result.
  await Promise.all((sent.rejected ?? []).map((line) => answers.add(line)));
  await joinAnswers(store, context, round);
  return next;
}

type Passed = DirectContext & { readonly answered?: number };

function ended(context: Passed): SentContext {
  return { answered: 0, ...context, phase: 'ended', waitSeconds: 0 };
}

function nextPass(context: Passed, { answered, end, waitMs, denied }: Sent): SentContext {
  const without = waitMs > LONG_WAIT_MS ? MAX_STALLED_PASSES / 2 : 1;
  const stalled = answered > 0 ? 0 : context.stalled + without;
  const next = { answered: 0, ...context, polls: context.polls + 1, stalled };
  const isOver = end !== 'later' || next.polls >= MAX_POLLS_PER_ROUND || stalled >= MAX_STALLED_PASSES;
  if (isOver) return { ...ended(next), ...(denied && { denied }) };
  return { ...next, phase: 'running', waitSeconds: Math.min(Math.ceil(waitMs / 1_000), MAX_WAIT_SECONDS) };
}

/** Longest wait, in seconds. A provider may name any time, so rows are tried at least once a day. */
const MAX_WAIT_SECONDS = 86_400;

function progressOf(
  { clock }: ProviderEdges,
  { round }: DirectContext,
  succeeded: number,
  waitSeconds: number,
): Progress {
  const at = (milliseconds: number): string => new Date(milliseconds).toISOString();
  const now = clock.now();
  return {
    round,
    status: 'direct',
    succeeded,
    polledAt: at(now),
    nextPollAt: at(now + waitSeconds * 1_000),
  };
}

/**
 * Number of rows to skip at the start of a pass if the previous pass got no answer; four times as many after each further one.
 */
const FIRST_SKIPPED = 16;

/**
 * The rows without an answer, in order. After a pass without any answer, the rows that it began with come last, because they may
 * be the only ones that the provider rejects.
 */
async function* rowsToSend(
  store: ObjectStore,
  context: DirectContext,
  answered: ReadonlySet<string>,
): AsyncGenerator<DirectRow, undefined> {
  const { stalled } = context;
  const skipped = stalled === 0 ? 0 : FIRST_SKIPPED * 4 ** (stalled - 1);
  let n = 0;
  for await (const row of readRows(store, context, answered)) if ((n += 1) > skipped) yield row;
  if (skipped === 0) return undefined;
  n = 0;
  for await (const row of readRows(store, context, answered)) {
    if ((n += 1) > skipped) break;
    yield row;
  }
  return undefined;
}

async function* readRows(
  store: ObjectStore,
  context: DirectContext,
  answered: ReadonlySet<string>,
): AsyncGenerator<DirectRow> {
  for await (const lines of requiredLines(store, roundKey(context, context.round, 'requests.jsonl'))) {
    for (const line of lines) {
      const customId = readCustomId(line);
      if (!answered.has(customId)) yield { customId, body: readBodyText(line) };
    }
  }
}
