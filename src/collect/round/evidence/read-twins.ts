import { findTwins, type FoundTwin } from '../../../batches/twins.ts';
import { roundKey } from '../../../checkpoints/keys.ts';
import type { ProviderEdges } from '../../../edges.ts';
import type { Batch } from '../../../provider/batch-provider.ts';
import type { Downloads } from '../files/downloads.ts';
import { fetchFile } from '../files/fetch-file.ts';
import type { RoundIndex } from '../matching/round-index.ts';
import type { Round } from './round.ts';
import type { Scratch } from '../files/scratch.ts';

/** The twins of a round's batch, and whether one may still bring answers. */
export interface ReadTwins {
  readonly twins: readonly FoundTwin[];
  readonly mayBringMore: boolean;
}

interface TwinFiles {
  readonly downloads: Downloads;
  readonly openScratch: () => Scratch;
}

const NO_TWINS: ReadTwins = { twins: [], mayBringMore: false };

/**
 * Finds the twins of a round that may have some. Reads the answers of ended twins for rows without another answer, because these
 * answers are paid for.
 */
export async function readTwins(
  edges: ProviderEdges,
  round: Round,
  index: RoundIndex,
  { downloads, openScratch }: TwinFiles,
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

  /**
   * Reads the answers of one twin.
   * @returns true if all of its answers are available
   */
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
        downloads,
        requests: index.requests,
        isShortNoted: false,
      },
      scratch,
      index.takeIn(scratch, 'output', true),
    );
    return found === undefined ? ending !== 'succeeded' : found.state === 'whole';
  }
}
