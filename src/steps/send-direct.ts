import type { DirectContext, SentContext } from '../contract.ts';
import { Answers, joinAnswers } from '../direct/answers.ts';
import { sendRows, type DirectRow, type Sent } from '../direct/send-rows.ts';
import type { ProviderEdges } from '../edges.ts';
import type { Job } from '../job.ts';
import { jobKey, roundKey } from '../keys.ts';
import { MAX_POLLS_PER_ROUND } from '../polling.ts';
import { frameLines } from '../rows/lines.ts';
import { readCustomId } from '../rows/request-line.ts';
import { readStop, refuseWhenStopped } from '../stop.ts';
import { requireJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** A call may take two minutes and more, and a Lambda has fifteen: none is started after ten. */
const BUDGET_MS = 600_000;

/** Passes in a row without an answer: the provider takes nothing, and the rows end without one. */
const MAX_STALLED_PASSES = 8;

/** Longer than any request line. */
const MAX_LINE_BYTES = 256 * 1_048_576;

/**
 * Sends a round's rows to the realtime endpoint, one call each, for as long as a Lambda may take; the machine calls it
 * again until none is left. Rows that were answered before are known by their answers, and not sent again.
 */
export async function sendDirect(edges: ProviderEdges, context: DirectContext): Promise<SentContext> {
  const { store, log } = edges;
  const { jobId, shard, round } = context;
  if ((await store.stat(roundKey(context, round, 'output.jsonl'))) !== undefined) return ended(context);
  const { answers, answered } = await Answers.open(store, context, round);
  if (answered.size === 0) await refuseWhenStopped(store, context);
  const job = await requireJson<Job>(store, jobKey(jobId));
  const sent = await sendRows(edges, rowsToSend(store, context, answered), {
    endpoint: job.profile.endpoint,
    provider: edges.provider(context.provider),
    codes: rowCodes(job),
    answers,
    until: edges.clock.now() + BUDGET_MS,
    isStopped: async () => (await readStop(store, jobId)) !== undefined,
  });
  const { end } = sent;
  log('rows_sent', { jobId, shard, round, answered: sent.answered, before: answered.size, end });
  const next = { ...context, polls: context.polls + 1, stalled: stalledPasses(context, sent) };
  if (end === 'later' && next.polls < MAX_POLLS_PER_ROUND && next.stalled < MAX_STALLED_PASSES)
    return { ...next, phase: 'running', waitSeconds: Math.ceil(sent.waitMs / 1_000) };
  await joinAnswers(store, context, round);
  return ended(next);
}

function ended(context: DirectContext): SentContext {
  return { ...context, phase: 'ended', waitSeconds: 0 };
}

function stalledPasses({ stalled }: DirectContext, { answered }: Sent): number {
  return answered > 0 ? 0 : stalled + 1;
}

function rowCodes({ profile }: Job): Job['profile']['provider']['dialect']['codes'] {
  const { codes } = profile.provider.dialect;
  return { ...codes, retriable: [...profile.retriableCodes, ...codes.retriable] };
}

async function* rowsToSend(
  store: ObjectStore,
  context: DirectContext,
  answered: ReadonlySet<string>,
): AsyncGenerator<DirectRow, undefined> {
  const key = roundKey(context, context.round, 'requests.jsonl');
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  try {
    for await (const lines of frameLines(object.body, MAX_LINE_BYTES)) {
      for (const { bytes } of lines) {
        if (bytes === undefined) continue;
        const customId = readCustomId(bytes);
        if (!answered.has(customId)) yield { customId, body: bodyOf(bytes) };
      }
    }
  } finally {
    object.close();
  }
  return undefined;
}

/** Request lines are ours, and checked. */
function bodyOf(line: Buffer): string {
  const { body } = JSON.parse(line.toString('utf8')) as { readonly body: unknown };
  return JSON.stringify(body);
}
