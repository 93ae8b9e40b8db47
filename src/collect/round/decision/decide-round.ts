import type { ResolvedProfile } from '../../../checkpoints/profile.ts';
import { lastRoundAfter, MAX_GIFTS, type RoundDecision } from './decide-row.ts';
import type { Failure } from '../../../errors.ts';
import { takesExpired, takesOver } from '../../../ladder/goes-up.ts';
import { stepAbove } from '../../../ladder/step-of-round.ts';
import { failedBusy, hasExpired, missingRowError } from '../evidence/ended-batch.ts';
import type { FileVerdict } from './judge-file.ts';
import type { RoundEvidence } from '../evidence/read-round.ts';

/**
 * Decides about a round as a whole, and what the shard does next.
 * @param isOpen true if the batch is left open: rows without an answer wait for a resume
 */
export function decideRound(
  evidence: RoundEvidence,
  verdict: FileVerdict,
  isOpen: boolean,
  profile: ResolvedProfile,
): RoundDecision {
  const { rounds, provider, late } = profile;
  const gaveUp = isOpen ? undefined : leftFor(evidence, profile);
  if (gaveUp !== undefined) return leave(evidence, verdict, gaveUp);
  const { context, direct, batch, index, upload } = evidence;
  const { round, lastRound, givenBack } = context;
  const { requests, answered, halted } = index;
  const decision = {
    round,
    lastRound,
    rejection: verdict.rejection,
    halted: halted || isOpen,
    namedLines: verdict.named,
    searching: verdict.searching,
    sent: direct ? answered : givenBack === undefined ? (upload?.part?.requests ?? requests) : 0,
    givenBack: givenBack !== undefined || failedBusy(batch, provider.dialect.codes),
    missingError: verdict.rejection ?? (direct ? NOT_SENT : missingRowError(batch)),
  };
  if (direct) return directRound(decision, evidence, rounds);
  const last = lastRoundAfter(decision, index, rounds);
  const mayLeave = !decision.halted && !decision.givenBack;
  const expired = mayLeave && hasExpired(batch, context);
  if (late !== undefined && mayLeave && (expired || round >= last))
    return { ...decision, lastRound: round + 1, sendNext: 'direct' };
  if (expired && takesExpired(stepAbove(profile, context.step)))
    return { ...decision, lastRound: round, expired };
  return { ...decision, spent: evidence.spent, lastRound: last };
}

/**
 * Rows that could not be sent get further rounds as long as other rows are answered. Rows that had an answer may be paid for, so
 * they only get the profile's number of rounds.
 */
function directRound(
  decision: RoundDecision,
  { index, context: { lastRound, step } }: RoundEvidence,
  rounds: number,
): RoundDecision {
  const last = lastRoundAfter(decision, { requests: index.requests, answered: index.ok }, rounds);
  return {
    ...decision,
    // Transient failures could repeat without end, so the number of rounds is capped.
    lastRound: Math.max(lastRound, Math.min(last, rounds + MAX_GIFTS)),
    lastForAnswered: Math.min(lastRound, (step?.from ?? 1) - 1 + rounds),
    sendNext: 'direct',
  };
}

/** The failure for which rows of a round go up a ladder immediately, instead of stopping the job. */
export function leftFor(
  { context, index }: Pick<RoundEvidence, 'context' | 'index'>,
  profile: ResolvedProfile,
): Failure | undefined {
  const denied = index.haltedBy;
  return context.gaveUp ?? (takesOver(stepAbove(profile, context.step), denied?.name) ? denied : undefined);
}

/** Ends the step: rows without an answer get the failure, and go up. */
function leave(
  { context, direct, index }: RoundEvidence,
  { named }: FileVerdict,
  error: Failure,
): RoundDecision {
  const { round, gaveUp } = context;
  return {
    round,
    lastRound: round,
    rejection: undefined,
    halted: false,
    namedLines: named,
    // A round that was never sent has no missing rows.
    sent: direct || gaveUp !== undefined ? index.answered : index.requests,
    givenBack: false,
    missingError: error,
  };
}

const NOT_SENT = {
  code: 'NOT_SENT',
  message: 'The provider accepted no further calls for too long, so the row was given up.',
};
