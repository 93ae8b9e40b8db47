import { ProviderNotFound } from '../errors.ts';
import type { BatchProvider } from '../provider/batch-provider.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Scratch } from './scratch.ts';

/**
 * A provider's file in the store, where what is paid for is safe first, and in a scratch file. One that was stored
 * before is not downloaded again; one that is gone at the provider is empty.
 */
export async function fetchFile(
  store: ObjectStore,
  provider: BatchProvider,
  fileId: string | undefined,
  key: string,
): Promise<Scratch> {
  const scratch = new Scratch();
  try {
    const stored = await store.open(key);
    if (stored !== undefined) for await (const chunk of stored.body) scratch.append(chunk);
    else if (fileId !== undefined) await download(store, provider.download(fileId), key, scratch);
    return scratch;
  } catch (error) {
    scratch[Symbol.dispose]();
    throw error;
  }
}

async function download(
  store: ObjectStore,
  content: AsyncIterable<Buffer>,
  key: string,
  scratch: Scratch,
): Promise<void> {
  const writer = store.write(key);
  try {
    for await (const chunk of content) {
      scratch.append(chunk);
      await writer.write(chunk);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    if (!(error instanceof ProviderNotFound)) throw error;
  }
}
