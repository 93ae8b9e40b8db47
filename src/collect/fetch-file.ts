import { ProviderNotFound, ProviderUnavailable } from '../errors.ts';
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
    else if (fileId !== undefined) await download(store, provider, fileId, key, scratch);
    return scratch;
  } catch (error) {
    scratch[Symbol.dispose]();
    throw error;
  }
}

async function download(
  store: ObjectStore,
  provider: BatchProvider,
  fileId: string,
  key: string,
  scratch: Scratch,
): Promise<void> {
  const writer = store.write(key);
  try {
    for await (const chunk of provider.download(fileId)) {
      scratch.append(chunk);
      await writer.write(chunk);
    }
    refuseShort(scratch, fileId, await provider.fileBytes(fileId));
    await writer.close();
  } catch (error) {
    await writer.abort();
    if (!(error instanceof ProviderNotFound)) throw error;
  }
}

/** Bytes at the end of a file that are read. A line's end has them all, unless it is longer: then it may be cut off. */
const TAIL_BYTES = 1_048_576;

/**
 * A connection may close cleanly in the middle of a file, and its Content-Length may be missing. Rows that are not there
 * would be paid for again, and the file deleted with them.
 * @throws ProviderUnavailable for a file that is not whole
 */
function refuseShort(scratch: Scratch, fileId: string, bytes: number | undefined): void {
  const short = bytes === undefined || bytes === 0 ? 0 : bytes - scratch.bytes;
  // A newline less is no row less.
  if (short <= 2 && endsWhole(scratch)) return;
  const told = bytes === undefined ? '' : ` of ${bytes}`;
  throw new ProviderUnavailable(`download file ${fileId}: it ends after ${scratch.bytes}${told} bytes.`);
}

/** Whether the last line, where it has no newline, is a JSON value. */
function endsWhole(scratch: Scratch): boolean {
  const length = Math.min(scratch.bytes, TAIL_BYTES);
  const tail = scratch.read(scratch.bytes - length, length).toString('utf8');
  if (tail === '' || tail.endsWith('\n')) return true;
  const last = tail.slice(tail.lastIndexOf('\n') + 1).trim();
  if (last === '' || (scratch.bytes > TAIL_BYTES && !tail.includes('\n'))) return true;
  try {
    JSON.parse(last);
    return true;
  } catch {
    return false;
  }
}
