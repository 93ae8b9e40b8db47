import type { Failure } from '../../errors.ts';
import type { BatchRecord, Collected } from '../../checkpoints/round/collected.ts';
import type { ErrorCount } from '../../checkpoints/counts.ts';
import type { ShardPlan } from '../../checkpoints/plan.ts';
import type { OpenBatch, ShardEnd } from '../../checkpoints/shard/shard-end.ts';
import { sumErrors } from '../counts/error-counts.ts';
import { countSteps } from '../counts/step-counts.ts';
import { sumModels } from '../counts/model-usage.ts';
import { addUsage, NO_USAGE } from '../../spending/usage.ts';
import { sumUnexplained } from '../../checkpoints/unexplained.ts';

/** Why a shard stopped, and what it left at the provider. */
export interface Stopped {
  readonly failure?: Failure;
  readonly open?: OpenBatch | undefined;
  /** Twins that are still running. */
  readonly twins?: readonly OpenBatch[];
  readonly left?: readonly string[];
}

/**
 * Adds up a shard's rounds, without rows that other rows answer. Rows without an outcome count as exhausted, with the failure as
 * their error.
 */
export function sumRounds(
  { rows, invalid, answered = 0, reused = 0, deduplicated = 0, piloted = 0 }: ShardPlan,
  rounds: readonly Collected[],
  { failure, open, twins = [], left: leftOpen = [] }: Stopped = {},
): ShardEnd {
  const sum = (count: (round: Collected) => number): number =>
    rounds.reduce((total, round) => total + count(round), 0);
  const ok = answered + reused + sum(({ ok, raised }) => ok - (raised?.ok ?? 0));
  const failed = sum(({ failed, raised }) => failed - (raised?.failed ?? 0));
  const invalid_output = sum((round) => (round.invalid_output ?? 0) - (round.raised?.invalid_output ?? 0));
  const exhausted = rows - deduplicated - piloted - invalid - ok - failed - invalid_output;
  const unsettled = exhausted - sum((round) => round.exhausted - (round.raised?.exhausted ?? 0));
  const steps = countSteps(rounds);
  return {
    ...(steps && { steps }),
    counts: { ok, failed, exhausted, invalid_output, invalid },
    rounds: rounds.length,
    usage: rounds.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    models: sumModels(rounds.map(({ models = [] }) => models)),
    errors: sumErrors([...rounds.map(({ errors = [] }) => errors), stoppedRows(unsettled, failure)]),
    batches: withOpen(
      rounds.map(({ batch }) => batch),
      open,
      unsettled,
    ),
    ...sumUnexplained(withoutUnsent(rounds, failure !== undefined && open === undefined)),
    unreadableLines: rounds.flatMap(({ unreadableLines = [] }) => unreadableLines).slice(0, 5),
    left: [...new Set([...rounds.flatMap(({ left = [] }) => left), ...leftOpen, ...twins.flatMap(filesOf)])],
    ...(open && { open }),
    ...(twins.length > 0 && { twins }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/**
 * Removes `paidTwice` from the last round if the shard stopped before its next round was sent. Its rows are paid twice only
 * once a resume sends them.
 */
function withoutUnsent(rounds: readonly Collected[], isUnsent: boolean): readonly Collected[] {
  const last = rounds.at(-1);
  if (!isUnsent || last === undefined) return rounds;
  const { paidTwice: _unsent, ...sent } = last;
  return [...rounds.slice(0, -1), sent];
}

/** The batches of the rounds, and the open batch, whose rows have no outcome yet. */
function withOpen(
  batches: readonly BatchRecord[],
  open: OpenBatch | undefined,
  requests: number,
): readonly BatchRecord[] {
  if (open === undefined || batches.some(({ round }) => round === open.round)) return batches;
  const { shard, round, batchId, status, createdAt } = open;
  return [...batches, { shard, round, batchId, status, requests, createdAt, seconds: undefined }];
}

function filesOf({ files }: OpenBatch): string[] {
  return Object.values(files).filter((fileId) => fileId !== undefined);
}

/** Rows that no round settled share one reason, so none of them is named as the example. */
function stoppedRows(rows: number, failure: Failure | undefined): ErrorCount[] {
  if (failure === undefined || rows === 0) return [];
  return [{ outcome: 'exhausted', code: failure.code, rows, message: failure.message }];
}
