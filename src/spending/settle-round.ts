import type { Collected } from '../checkpoints/round/collected.ts';
import type { Job } from '../checkpoints/job.ts';
import { ledgerPrefix, monthPrefix, type RoundRef } from '../checkpoints/keys.ts';
import { EMPTY_LEDGER, readJobLedger, type JobLedger, type Spending } from '../checkpoints/ledger.ts';
import { changeState } from '../checkpoints/state-log.ts';
import { rowsNotOk } from '../checkpoints/outcomes.ts';
import { readShardPlan, type PlannedShard } from '../checkpoints/plan.ts';
import type { Price } from '../checkpoints/profile.ts';
import type { Failure } from '../errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { currentLimits, hasLimits, limitsOf } from './limits.ts';
import { costOfModels } from './price.ts';
import { withReservation, withSpent } from './reserve.ts';
import { reservationName } from './reserve-round.ts';
import { tooManyBadRows, withRound } from './too-many-bad-rows.ts';

/** The result of a round. */
export interface EndedRound extends RoundRef, Pick<PlannedShard, 'planned'> {
  /** Absent if it was not collected: nothing of it was sent, or its batch was left open. */
  readonly collected?: RoundCounts | undefined;
  /** True if its batch was left open and may still cost what was reserved. */
  readonly isOpen: boolean;
  /** The price of its answers. */
  readonly price: Price | undefined;
}

type RoundCounts = Pick<Collected, 'models' | 'usage' | 'failed' | 'exhausted' | 'invalid_output' | 'raised'>;

/**
 * Replaces a round's reservation by the cost of its answers, and counts its rows that are not ok. Does nothing for a settled
 * round.
 * @returns the reason why no further shard may start, if too many rows are not ok
 */
export async function settleRound(
  store: ObjectStore,
  { jobId, profile }: Job,
  round: EndedRound,
): Promise<Failure | undefined> {
  if (!hasLimits(limitsOf(profile))) return undefined;
  const known = await readJobLedger(store, jobId);
  const name = reservationName(round);
  const month = known?.open[name]?.month;
  // The month is settled first. After a crash in between, the name of the month is read from the job's reservation.
  if (month !== undefined)
    await changeState<Spending>(store, {
      prefix: monthPrefix(profile.name, month, profile.price?.currency ?? ''),
      change: (before) => before && settle(before, `${jobId}/${name}`, round),
    });
  const { requests: rows } = await readShardPlan(store, { ...round, jobId });
  const ledger = await changeState<JobLedger>(store, {
    prefix: ledgerPrefix(jobId),
    change: (before = EMPTY_LEDGER) => settleInJob(before, name, rows, round),
  });
  return tooManyBadRows(jobId, ledger?.recent ?? [], currentLimits(profile, ledger).maxBad);
}

/**
 * Replaces the reservation of a round by its cost.
 * @returns undefined for a round without a reservation, because it is already settled
 */
function settle<State extends Spending>(
  spending: State,
  name: string,
  { isOpen, collected, price }: EndedRound,
): State | undefined {
  const reservation = spending.open[name];
  if (reservation === undefined) return undefined;
  if (isOpen) return withReservation(spending, name, { ...reservation, held: true });
  const cost = price === undefined ? 0 : costOfModels(price, collected?.models ?? []);
  return withSpent(spending, name, cost);
}

/**
 * Settles a round in the ledger of its job, which also counts rows that are not ok.
 * @returns undefined if the ledger does not change
 */
function settleInJob(
  ledger: JobLedger,
  name: string,
  rows: number,
  round: EndedRound,
): JobLedger | undefined {
  const { collected, isOpen } = round;
  const settled = settle(ledger, name, round);
  const reported = settled !== undefined && !isOpen ? withAnswers(settled, collected) : (settled ?? ledger);
  if (collected === undefined) return settled;
  const { failed, exhausted, invalid_output = 0, raised = {} } = collected;
  // Rows that went up a ladder do not count as bad here; those of earlier rounds have been counted.
  const bad = failed + exhausted + invalid_output - rowsNotOk(raised);
  const recent = withRound(ledger.recent, { shard: round.shard, rows, bad, round: round.round });
  return recent === ledger.recent ? settled : { ...reported, recent };
}

function withAnswers(ledger: JobLedger, collected: RoundCounts | undefined): JobLedger {
  if (collected === undefined) return ledger;
  const answers = (collected.models ?? []).reduce((sum, model) => sum + model.answers, 0);
  return {
    ...ledger,
    answers: ledger.answers + answers,
    outputTokens: ledger.outputTokens + collected.usage.outputTokens,
  };
}
