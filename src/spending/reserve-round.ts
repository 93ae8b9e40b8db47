import { ledgerPrefix, monthPrefix, type RoundRef } from '../checkpoints/keys.ts';
import type { Job } from '../checkpoints/job.ts';
import {
  EMPTY_LEDGER,
  NOTHING_SPENT,
  readJobLedger,
  type JobLedger,
  type Limits,
  type Reservation,
  type Spending,
} from '../checkpoints/ledger.ts';
import { requirePlan, type PlannedShard } from '../checkpoints/plan.ts';
import { changeState } from '../checkpoints/state-log.ts';
import type { Edges } from '../edges.ts';
import { BudgetExceeded, ShardMustWait, withCode } from '../errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { estimateCost, isGuess, sendingOf, tokensBySize, type Priced, type Sending } from './estimate.ts';
import { currentLimits, isInMoney, hasLimits } from './limits.ts';
import { money, moneyText } from './price.ts';
import { committed, hasRunning, weigh, withReservation, withSpent, type Reserved } from './reserve.ts';

/** A round to be sent. */
export interface RoundToSend extends RoundRef, Pick<PlannedShard, 'planned'> {
  /** Number and bytes of its request lines. */
  readonly rows: number;
  readonly bytes: number;
  /** The parameters of its requests. */
  readonly asked: Priced;
  /** True if its rows moved up a ladder: then the estimate for all rows of the job, at the price of this step, is meaningless. */
  readonly isHigherStep?: boolean;
}

/**
 * Reserves what a round may cost, once, in the job's budget and in the month's. A reservation of an earlier call stays.
 * @throws BudgetExceeded when too little money is left; ShardMustWait while running rounds may free some, or until the first
 * round has shown what answers cost and how many rows are bad
 */
export async function reserveRound({ store, clock }: Edges, job: Job, round: RoundToSend): Promise<void> {
  const { jobId, profile } = job;
  const known = (await readJobLedger(store, jobId)) ?? EMPTY_LEDGER;
  const limits = currentLimits(profile, known);
  if (!hasLimits(limits)) return;
  const sending = await sendingOfRound(store, round);
  const name = reservationName(round);
  const month = limits.maxPerMonth === undefined ? {} : { month: monthOf(clock.now()) };
  const cost = (ledger: JobLedger): number => money(estimateCost(round.asked, sending, ledger));
  const ofJob = await reserve(store, ledgerPrefix(jobId), EMPTY_LEDGER, {
    name,
    max: limits.max,
    reservation: (ledger) => ({ amount: cost(ledger), ...month }),
    goesAlone: (ledger) => goesAlone(ledger, limits, round.asked),
  });
  // The plan is read only here, because it may be large, and a round that waits is tried many times.
  const isWaiting = ofJob.verdict === 'wait' || ofJob.verdict === 'first';
  if (isWaiting) throw lacking(round, ofJob, limits);
  if (ofJob.verdict !== 'reserved')
    throw lacking(round, ofJob, {
      ...limits,
      ...(round.isHigherStep !== true && (await estimateOf(store, job, ofJob.spending))),
    });
  const reservation = ofJob.spending.open[name];
  if (reservation?.month === undefined) return;
  const prefix = monthPrefix(profile.name, reservation.month, profile.price?.currency ?? '');
  const ofMonth = await reserve(store, prefix, NOTHING_SPENT, {
    name: `${jobId}/${name}`,
    max: limits.maxPerMonth,
    reservation: () => ({ amount: reservation.amount }),
  });
  if (ofMonth.verdict === 'reserved') return;
  await changeState<JobLedger>(store, {
    prefix: ledgerPrefix(jobId),
    change: (before) => before && withSpent(before, name, 0),
  });
  throw lacking(round, ofMonth, { max: limits.maxPerMonth, month: reservation.month });
}

/** The rows, bytes and tokens of a round. Its tokens are its share of the shard's tokens, by bytes. */
async function sendingOfRound(
  store: ObjectStore,
  { jobId, rows, bytes, planned }: RoundToSend,
): Promise<Sending> {
  const { bytes: all = 0, tokens } = planned ?? {};
  if (tokens === undefined)
    return { rows, inputTokens: tokensBySize(await requirePlan(store, jobId))(bytes) };
  return { rows, inputTokens: all === 0 ? 0 : Math.ceil((tokens * bytes) / all) };
}

/** True if the first round must end first, because it shows what answers cost, or how many rows are not ok. */
function goesAlone(ledger: JobLedger, limits: Limits, asked: Priced): boolean {
  const isFirst = limits.maxBad !== undefined && ledger.recent.length === 0;
  return isFirst || (isInMoney(limits) && isGuess(asked, ledger));
}

/** Name of the reservation of a shard's round. */
export const reservationName = ({ shard, round }: Omit<RoundRef, 'jobId'>): string => `${shard}-${round}`;

const monthOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 7);

interface Wanted<State> {
  readonly name: string;
  readonly max: number | undefined;
  readonly reservation: (spending: State) => Reservation;
  /** True if it must wait while another round runs, even if the amount fits. */
  readonly goesAlone?: (spending: State) => boolean;
}

interface Weighed<State> {
  readonly verdict: Reserved;
  readonly amount: number;
  /** The spending before the change, or with the reservation. */
  readonly spending: State;
}

async function reserve<State extends Spending>(
  store: ObjectStore,
  prefix: string,
  empty: State,
  { name, max, reservation, goesAlone = () => false }: Wanted<State>,
): Promise<Weighed<State>> {
  let verdict: Reserved = 'reserved';
  let amount = 0;
  const change = (before = empty): State | undefined => {
    const known = before.open[name];
    const wanted = known === undefined ? reservation(before) : withoutHold(known);
    amount = wanted.amount;
    // The batch of this reservation was left open and now continues.
    verdict = known === undefined ? weigh(before, amount, max) : 'reserved';
    if (known === undefined && verdict === 'reserved' && hasRunning(before) && goesAlone(before))
      verdict = 'wait';
    if (verdict !== 'reserved' || (known !== undefined && known.held === undefined)) return undefined;
    return withReservation(before, name, wanted);
  };
  const spending = await changeState<State>(store, { prefix, change });
  return { verdict, amount, spending: spending ?? empty };
}

function withoutHold({ held: _held, ...reservation }: Reservation): Reservation {
  return reservation;
}

/** Describes the missing budget of a shard, for a message. */
interface Lack {
  readonly max?: number | undefined;
  /** Set for a monthly budget. */
  readonly month?: string;
  /** Estimated cost of all rows of the job, from the reported answers. */
  readonly estimate?: number;
}

async function estimateOf(store: ObjectStore, job: Job, ledger: JobLedger): Promise<Pick<Lack, 'estimate'>> {
  const plan = await requirePlan(store, job.jobId);
  return { estimate: estimateCost(job.profile, sendingOf(plan), ledger) };
}

function lacking(
  { jobId, shard, round, asked, rows }: RoundToSend,
  { verdict, amount, spending }: Weighed<Spending>,
  { max = 0, month, estimate = 0 }: Lack,
): BudgetExceeded | ShardMustWait {
  const text = (sum: number): string => moneyText(sum, asked.price?.currency ?? '');
  const { total, certain } = committed(spending);
  const budget =
    month === undefined ? `the budget of ${text(max)}` : `the budget of ${text(max)} for ${month}`;
  const who = `Round ${round} of shard ${shard} of job ${jobId} is not sent: its ${rows} rows would cost about ${text(amount)}`;
  if (verdict === 'first') {
    const message = `Round ${round} of shard ${shard} of job ${jobId} waits until the first shard has ended: it shows what answers cost, or how rows end.`;
    return new ShardMustWait(withCode(message, 'SHARD_MUST_WAIT'));
  }
  if (verdict === 'wait') {
    const message = `${who}, and ${text(total)} of ${budget} are spent or reserved by running rounds; it waits to know their cost.`;
    return new ShardMustWait(withCode(message, 'SHARD_MUST_WAIT'));
  }
  const missing = Math.max(estimate, certain + amount) - max;
  const all = estimate > 0 ? ` All rows of the job are estimated at ${text(estimate)}.` : '';
  const message = `${who}, and ${text(certain)} of ${budget} are spent.${all} About ${text(missing)} are missing.`;
  return new BudgetExceeded(withCode(message, 'BUDGET_EXCEEDED'));
}
