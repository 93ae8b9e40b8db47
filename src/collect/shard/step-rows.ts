import { roundKey } from '../../checkpoints/keys.ts';
import { InvalidInput } from '../../errors.ts';
import type { Round } from '../round/evidence/round.ts';
import type { FilesBeside } from './files-beside.ts';

/** A row at the end of a step of the ladder: its lines with newlines. */
export interface StepRow {
  readonly result: Buffer;
  /** Empty for an ok row. */
  readonly deadLetter: Buffer;
  /** The request as the step sent it; absent for a row that was never sent. */
  readonly request: Buffer | undefined;
}

/** The rows of a step in order, each from the round that settled it. */
export async function* stepRows(
  files: FilesBeside,
  round: Round,
  hasRoundZero: boolean,
): AsyncGenerator<StepRow> {
  const first = round.step?.from ?? (hasRoundZero ? 0 : 1);
  const rounds = Array.from({ length: round.round - first + 1 }, (_, n) =>
    roundRows(files, round, first + n),
  );
  try {
    for (;;) {
      const row = await takeRow(rounds, round);
      if (row === undefined) return;
      yield row;
    }
  } finally {
    for (const rows of rounds) await rows.return(undefined);
  }
}

async function takeRow(
  rounds: readonly AsyncGenerator<StepRow | 'deferred', undefined>[],
  { jobId, shard }: Round,
): Promise<StepRow | undefined> {
  for (const [n, rows] of rounds.entries()) {
    const next = await rows.next();
    if (next.done === true && n === 0) return undefined;
    if (next.done === true) break;
    if (next.value !== 'deferred') return next.value;
  }
  throw new InvalidInput(`Shard ${shard} of job ${jobId} has a row whose last round is missing.`);
}

async function* roundRows(
  files: FilesBeside,
  ref: Round,
  round: number,
): AsyncGenerator<StepRow | 'deferred', undefined> {
  const deadLetters = files.of(roundKey(ref, round, 'dead-letters.jsonl'));
  const requests = round === 0 ? undefined : files.of(roundKey(ref, round, 'requests.jsonl'));
  const results = files.of(roundKey(ref, round, 'results.jsonl'));
  for (let result = await results.next(); result !== undefined; result = await results.next()) {
    const letter = (await deadLetters.next()) ?? NOTHING;
    const request = await requests?.next();
    if (result.length === 1) yield 'deferred';
    else yield { result, deadLetter: letter.length === 1 ? NOTHING : letter, request };
  }
  return undefined;
}

const NOTHING = Buffer.alloc(0);
