import { withoutHost } from '../src/batches/room-queue.ts';
import { providerOfRoomKey, ROOM_PREFIX } from '../src/checkpoints/keys.ts';
import { changeRoom } from '../src/checkpoints/room.ts';
import type { ProviderEdges } from '../src/edges.ts';

/** Longest wait before another attempt if another process has changed the room meanwhile, in milliseconds. */
const PAUSE_MS = 50;

/**
 * Records that the host which ran the jobs of this store has ended, in the room of each provider. The caller holds the lock of
 * the data folder, and has not started a job yet.
 */
export async function noteEndedHost({
  store,
  wait,
  random,
}: Pick<ProviderEdges, 'store' | 'wait' | 'random'>): Promise<void> {
  const providers = new Set<string>();
  for await (const { key } of store.list(ROOM_PREFIX)) providers.add(providerOfRoomKey(key));
  for (const provider of providers)
    await changeRoom(store, provider, withoutHost, () => wait(random() * PAUSE_MS));
}
