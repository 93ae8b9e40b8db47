import { ProviderNotFound, ProviderUnavailable, StoreUnavailable } from '../errors.ts';
import type { BatchProvider } from '../provider/batch-provider.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Scratch } from './scratch.ts';

/**
 * A provider's file in the store, where what is paid for is safe first, and on local disk. One that was stored before is
 * not downloaded again; one that is gone at the provider is empty.
 */
export async function fetchFile(
  store: ObjectStore,
  provider: BatchProvider,
  fileId: string | undefined,
  key: string,
): Promise<Scratch> {
  const isStored = (await store.stat(key)) !== undefined;
  if (store.file !== undefined) {
    const isThere = isStored || (fileId !== undefined && (await download(store, provider, fileId, key)));
    return new Scratch(isThere ? store.file(key) : undefined);
  }
  const scratch = new Scratch();
  try {
    if (isStored) await readInto(scratch, store, key);
    else if (fileId !== undefined) await download(store, provider, fileId, key, scratch);
    return scratch;
  } catch (error) {
    scratch[Symbol.dispose]();
    throw error;
  }
}

async function readInto(scratch: Scratch, store: ObjectStore, key: string): Promise<void> {
  const stored = await store.open(key);
  if (stored === undefined) throw new StoreUnavailable(`${store.locate(key)} was there a moment ago.`);
  for await (const chunk of stored.body) scratch.append(chunk);
}

/** @returns false when the file is gone at the provider */
async function download(
  store: ObjectStore,
  provider: BatchProvider,
  fileId: string,
  key: string,
  scratch?: Scratch,
): Promise<boolean> {
  const writer = store.write(key);
  const tail = new Tail();
  try {
    for await (const chunk of provider.download(fileId)) {
      tail.add(chunk);
      scratch?.append(chunk);
      await writer.write(chunk);
    }
    refuseShort(tail, writer.bytes, fileId, await provider.fileBytes(fileId));
    await writer.close();
    return true;
  } catch (error) {
    await writer.abort();
    if (!(error instanceof ProviderNotFound)) throw error;
    return false;
  }
}

/** Bytes at the end of a file that are read. A line's end has them all, unless it is longer: then it may be cut off. */
const TAIL_BYTES = 1_048_576;

/** The last bytes of what streams by, at least {@link TAIL_BYTES} of them if there are so many. */
class Tail {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    while (this.#bytes - (this.#chunks[0]?.byteLength ?? 0) >= TAIL_BYTES) {
      this.#bytes -= this.#chunks.shift()?.byteLength ?? 0;
    }
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/**
 * A connection may close cleanly in the middle of a file, and its Content-Length may be missing. Rows that are not there
 * would be paid for again, and the file deleted with them.
 * @throws ProviderUnavailable for a file that is not whole
 */
function refuseShort(tail: Tail, received: number, fileId: string, bytes: number | undefined): void {
  const short = bytes === undefined || bytes === 0 ? 0 : bytes - received;
  // A newline less is no row less.
  if (short <= 2 && endsWhole(tail, received)) return;
  const told = bytes === undefined ? '' : ` of ${bytes}`;
  throw new ProviderUnavailable(`download file ${fileId}: it ends after ${received}${told} bytes.`);
}

/** Whether the last line, where it has no newline, is a JSON value. */
function endsWhole(tail: Tail, received: number): boolean {
  const { text } = tail;
  const last = text.slice(text.lastIndexOf('\n') + 1).trim();
  if (last === '' || (received > TAIL_BYTES && !text.includes('\n'))) return true;
  try {
    JSON.parse(last);
    return true;
  } catch {
    return false;
  }
}
