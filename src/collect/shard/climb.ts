import { readCollected, type Collected } from '../../checkpoints/round/collected.ts';
import type { Job } from '../../checkpoints/job.ts';
import { lostIdsObject } from '../../checkpoints/round/lost-ids.ts';
import { roundKey, stepKey } from '../../checkpoints/keys.ts';
import { NO_ROWS, rowsNotOk } from '../../checkpoints/outcomes.ts';
import { hasRoundZero, readShardPlan } from '../../checkpoints/plan.ts';
import { climbingObject } from '../../checkpoints/shard/saved-pass.ts';
import type { Edges } from '../../edges.ts';
import type { LadderStep } from '../../checkpoints/profile.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import type { Outcome } from '../../checkpoints/counts.ts';
import { endpointAt } from '../../endpoints/endpoints.ts';
import { parseExact } from '../../exact-json.ts';
import { goesUp, takesAnswers } from '../../ladder/goes-up.ts';
import { nextRequest } from '../../ladder/next-request.ts';
import { stepAbove } from '../../ladder/step-of-round.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import { endOf } from '../lines/answer-end.ts';
import { askedAgainBefore } from '../round/evidence/asked-again.ts';
import { UNREADABLE_RESULT } from '../round/decision/lost-rows.ts';
import { parseRequest } from '../round/evidence/request-line.ts';
import type { Round } from '../round/evidence/round.ts';
import { RowPass, type PassTime } from './row-pass.ts';
import { stepRows, type StepRow } from './step-rows.ts';

/** The facts that decide which rows go up. */
interface Climb {
  readonly profile: Job['profile'];
  readonly step: LadderStep;
  /** Code of the failure that ended the step; undefined if none did. */
  readonly left: string | undefined;
  /** True if the rows leave the step because its batch expired. */
  readonly expired: boolean | undefined;
  /** Ids of rows that were sent again because their lines could not be read. */
  readonly askedAgain: ReadonlySet<string>;
}

/**
 * Ends a step whose rounds are over: the rows that the next step takes become the requests of that step's first round.
 * @param isAgain true if an earlier call may have written some of the rows
 * @returns the round's checkpoint with the new step; undefined when no row goes up
 * @throws GoesOnLater when time ran short, and another call must write the rest
 */
export async function climb(
  { store, time }: Pick<Edges, 'store' | 'time'>,
  { profile }: Job,
  round: Round,
  { last: collected, isAgain }: { readonly last: Collected; readonly isAgain: boolean },
): Promise<Collected | undefined> {
  const step = stepAbove(profile, round.step);
  if (step === undefined || !(await mayGoUp(store, round, collected, step))) return undefined;
  const askedAgain = await askedAgainBefore(store, round, round.round + 1);
  const by = { profile, step, left: collected.failure?.code, expired: collected.expired, askedAgain };
  const plan = await readShardPlan(store, round);
  const nth = (round.step?.nth ?? 0) + 1;
  const ref = { jobId: round.jobId, shard: round.shard, nth };
  const gone = await writeStep(store, round, {
    by,
    hasRoundZero: round.step === undefined && hasRoundZero(plan),
    time: {
      time,
      rows: plan.rows,
      before: isAgain ? await climbingObject.read(store, ref) : undefined,
      save: (pass) => climbingObject.write(store, ref, pass),
    },
  });
  const { raised, unread, bytes } = gone;
  const rows = rowsOf(gone);
  if (rows === 0) return undefined;
  // A row with an unreadable line is sent again only once, so its id is recorded.
  if (unread.length > 0) await lostIdsObject.write(store, round, unread);
  const paidTwice = (collected.paidTwice ?? 0) + unread.length;
  const { halving: _halving, sendNext: _sendNext, failure: _failure, ...rest } = collected;
  const { maxBytes, maxRows } = step.shardLimits;
  return {
    ...rest,
    next: 'retry',
    deferred: rows,
    nextBytes: bytes,
    raised,
    ...(paidTwice > 0 && { paidTwice }),
    up: { nth, from: collected.round + 1 },
    lastRound: collected.round + step.rounds,
    maxUploadBytes: maxBytes,
    ...(rows > maxRows && { maxUploadRequests: maxRows }),
    ...(step.direct && { sendNext: 'direct' as const }),
  };
}

/** Avoids reading every row if none can go up. */
async function mayGoUp(
  store: ObjectStore,
  round: Round,
  last: Collected,
  step: LadderStep,
): Promise<boolean> {
  const from = round.step?.from ?? 1;
  const before = await readCollected(store, round, last.round);
  return [...before, last].some(
    ({ round: n, failed, exhausted, invalid_output = 0, models = [] }) =>
      n >= from &&
      (failed + exhausted + invalid_output > 0 ||
        (takesAnswers(step) && models.some(({ truncated, refused }) => truncated + refused > 0))),
  );
}

type Raised = Record<Outcome, number>;

/** Rows that went up, by outcome, and the ids of those whose lines could not be read. */
interface Gone {
  readonly raised: Raised;
  /** Size of their requests in the next step. */
  readonly bytes: number;
  readonly unread: string[];
}

interface StepToWrite {
  readonly by: Climb;
  readonly hasRoundZero: boolean;
  readonly time: PassTime;
}

async function writeStep(store: ObjectStore, round: Round, step: StepToWrite): Promise<Gone> {
  const nth = (round.step?.nth ?? 0) + 1;
  const { by, hasRoundZero: isUnsent, time } = step;
  const keys = {
    results: stepKey(round, nth, 'results.jsonl'),
    deadLetters: stepKey(round, nth, 'dead-letters.jsonl'),
    raised: stepKey(round, nth, 'raised.jsonl'),
    requests: roundKey(round, round.round + 1, 'requests.jsonl'),
  };
  const facts = { nth, ...by, askedAgain: [...by.askedAgain], isUnsent };
  const opened = await RowPass.open<keyof typeof keys, Gone>(store, { keys, facts }, time);
  if (!(opened instanceof RowPass)) return opened.carried;
  await using pass = opened;
  const gone = pass.carried ?? { raised: { ...NO_ROWS }, bytes: 0, unread: [] };
  const carried = (): Gone => ({ ...gone, bytes: gone.bytes + pass.writers.requests.bytes });
  try {
    const firsts = round.step && pass.read.of(stepKey(round, round.step.nth, 'raised.jsonl'));
    for await (const row of stepRows(pass.read, round, isUnsent)) {
      // In later steps, this is the request of the first step.
      const first = firsts === undefined ? row.request : await firsts.next();
      const outcome = await writeRow(pass.writers, row, first, by);
      pass.rows += 1;
      if (outcome !== undefined) addGone(gone, outcome, row);
      if (pass.mustStop) await pass.leave(carried());
    }
    const all = carried();
    // If no row goes up, the files are not needed.
    if (pass.carried === undefined && rowsOf(all) === 0) await pass.abort();
    else await pass.end(all, []);
    return all;
  } catch (error) {
    await pass.abort();
    throw error;
  }
}

/** Counts a row in place, because a shard has many rows. */
function addGone({ raised, unread }: Gone, outcome: Outcome, row: StepRow): void {
  raised[outcome] += 1;
  if (outcome === 'exhausted') unread.push(...lostIdOf(row));
}

const rowsOf = ({ raised }: Gone): number => rowsNotOk(raised) + raised.ok;

type StepWriters = Readonly<Record<'results' | 'deadLetters' | 'raised' | 'requests', ObjectWriter>>;

/**
 * Writes a row: its request of the next step if it goes up, otherwise its result.
 * @returns the outcome of a row that goes up; undefined for a row that stays
 */
async function writeRow(
  writers: StepWriters,
  row: StepRow,
  first: Buffer | undefined,
  by: Climb,
): Promise<Outcome | undefined> {
  const outcome = first === undefined ? undefined : outcomeToRaise(row, by);
  const next =
    outcome === undefined || first === undefined
      ? undefined
      : nextRequest(parseRequest(first), by.step, by.profile);
  if (next === undefined || first === undefined) {
    await writers.results.write(row.result);
    await writers.deadLetters.write(row.deadLetter.length > 0 ? row.deadLetter : LINE_END);
    return undefined;
  }
  // An answer is kept unless a later step has a better one.
  await writers.results.write(outcome === 'ok' ? Buffer.concat([SPACE, Buffer.from(row.result)]) : LINE_END);
  await writers.deadLetters.write(LINE_END);
  await writers.raised.write(first);
  await writers.requests.write(next);
  return outcome;
}

function outcomeToRaise(
  { result, deadLetter }: StepRow,
  { step, left, expired, profile, askedAgain }: Climb,
): Outcome | undefined {
  const isOk = deadLetter.length === 0;
  if (isOk && !takesAnswers(step)) return undefined;
  const line = parseExact(result.toString()) as ResultLine;
  const end = line.ok ? endOf(shownOf(line, profile)) : undefined;
  if (!goesUp(step, { line, end, left, expired })) return undefined;
  if (!line.ok && line.error.code === UNREADABLE_RESULT && askedAgain.has(line.custom_id)) return undefined;
  return line.ok ? 'ok' : line.outcome;
}

/** The fields that the endpoint would show, for jobs that show whole bodies. */
function shownOf(line: Extract<ResultLine, { ok: true }>, { resultShape, endpoint }: Job['profile']) {
  return resultShape === 'body' && line.body !== undefined ? endpointAt(endpoint).show(line.body, {}) : line;
}

/** The id of a row whose result line cannot be read. The row may be paid for. */
function lostIdOf({ result }: StepRow): string[] {
  const line = parseExact(result.toString()) as ResultLine;
  return !line.ok && line.error.code === UNREADABLE_RESULT ? [line.custom_id] : [];
}

const LINE_END = Buffer.from('\n');
const SPACE = Buffer.from(' ');
