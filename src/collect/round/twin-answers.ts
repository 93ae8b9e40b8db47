import { findTwins, type FoundTwin } from '../../batches/twins.ts';
import { roundKey } from '../../checkpoints/keys.ts';
import type { ProviderEdges } from '../../edges.ts';
import type { Batch } from '../../provider/batch-provider.ts';
import { fetchFile } from './fetch-file.ts';
import { sentOf, type ReadRound } from './read-round.ts';
import type { RoundIndex } from './round-index.ts';
import type { CollectedRound } from './round-facts.ts';
import type { Scratch } from './scratch.ts';

/** The twins of a round's batch, and whether one of them may still bring answers. */
export interface ReadTwins {
  readonly twins: readonly FoundTwin[];
  readonly mayBringMore: boolean;
}

const NO_TWINS: ReadTwins = { twins: [], mayBringMore: false };

/**
 * Looks for the twins of a round in doubt, and takes in the answers of those that have ended for rows that have no other one:
 * they are paid for.
 */
export async function readTwins(
  edges: ProviderEdges,
  round: CollectedRound,
  index: RoundIndex,
  openScratch: () => Scratch,
): Promise<ReadTwins> {
  if (round.doubt !== true) return NO_TWINS;
  const twins = await findTwins(edges, round);
  let mayBringMore = false;
  for (const [n, { batch }] of twins.entries()) {
    if (batch.phase === 'ended' && index.ok === index.requests) continue;
    const isWhole = batch.phase === 'ended' && (await takeAnswers(n, batch));
    mayBringMore ||= !isWhole;
  }
  return { twins, mayBringMore };

  /** @returns whether its answers are all there */
  async function takeAnswers(n: number, { outputFileId, ending }: Batch): Promise<boolean> {
    const scratch = openScratch();
    const found = await fetchFile(
      {
        store: edges.store,
        provider: edges.provider(round.provider),
        name: 'output',
        fileId: outputFileId,
        key: roundKey(round, round.round, `twin-${n + 1}.jsonl`),
        isLate: true,
        onShort: () => Promise.resolve(),
      },
      scratch,
      index.takeIn(scratch, 'output', true),
    );
    return found === undefined ? ending !== 'succeeded' : found.state === 'whole';
  }
}

/** What a round's twins make of its end. */
export type TwinDecision =
  /** Nothing: they have ended, or run on although every row has its result. */
  | { readonly next: 'end' }
  /** The round's batch brought no success; a twin that runs is collected in its place. */
  | { readonly next: 'follow'; readonly twin: Batch }
  | { readonly next: 'wait' | 'stop' };

/**
 * How long twins that were cancelled are waited for, in seconds: as long as any cancelled batch. Rows that only a twin may have
 * answered are then left to a resume; a twin of rows that have their results is reported as open.
 */
const TWIN_SECONDS = 3_600;

/** Decides about a round that is complete but for its twins. Rows that a twin may have answered are not paid for again. */
export function weighTwins(read: ReadRound, waited: number): TwinDecision {
  const { context, batch, index, twins, mayBringMore } = read;
  const running = twins.filter((twin) => twin.batch.phase === 'running');
  const isMissing = index.answered < sentOf(read);
  if (running.length === 0 && !(isMissing && mayBringMore)) return { next: 'end' };
  // Only a round with a batch comes back from a wait.
  const canWait = context.batchId !== undefined && waited < TWIN_SECONDS;
  const next = running.find(({ round }) => round === context.round);
  if (isMissing && canWait && next !== undefined && batch?.ending !== 'succeeded')
    return { next: 'follow', twin: next.batch };
  if (canWait) return { next: 'wait' };
  return isMissing ? { next: 'stop' } : { next: 'end' };
}
