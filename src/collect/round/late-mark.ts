import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ProviderEdges } from '../../edges.ts';
import { readJson, writeJson } from '../../store/json.ts';

/** `round-<r>.late.json`: whether what is stored of the provider's files may not be all there is. */
interface Late {
  readonly isLate: boolean;
}

type Round = ShardRef & { readonly round: number };

export function readLate({ store }: ProviderEdges, round: Round): Promise<Late | undefined> {
  return readJson<Late>(store, roundKey(round, round.round, 'late.json'));
}

export async function markLate({ store }: ProviderEdges, round: Round, isLate: boolean): Promise<void> {
  await writeJson(store, roundKey(round, round.round, 'late.json'), { isLate } satisfies Late);
}
