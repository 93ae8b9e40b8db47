import { ProviderNotFound, ProviderUnavailable } from '../../errors.ts';
import type { BatchProvider } from '../../provider/batch-provider.ts';
import { readJson, writeJson } from '../../store/json.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Scratch } from './scratch.ts';

/** Takes bytes as they come. */
export interface ChunkSink {
  push(chunk: Uint8Array): void;
  end(): void;
}

/** A provider's file, and where it is kept. */
export interface FileToFetch {
  readonly store: ObjectStore;
  readonly provider: BatchProvider;
  /** `undefined`: there is none, which is an empty one. */
  readonly fileId: string | undefined;
  readonly key: string;
  /** Where it is written down since when a file of the round is not found. */
  readonly missingKey: string;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Brings a provider's file into the store, where what is paid for is safe first, and onto local disk; hands its bytes on
 * as they pass. One that was stored before is not downloaded again; one that is gone at the provider is empty.
 * @throws ProviderUnavailable for one that may still turn up
 */
export async function fetchFile(file: FileToFetch, scratch: Scratch, sink: ChunkSink): Promise<void> {
  const { store, key } = file;
  const inPlace = store.file?.(key);
  const keep = (chunk: Uint8Array): void => {
    if (inPlace === undefined) scratch.append(chunk);
    sink.push(chunk);
  };
  const stored = await store.open(key);
  if (stored !== undefined) for await (const chunk of stored.body) keep(chunk);
  const isThere = stored !== undefined || (await download(file, keep));
  if (isThere && inPlace !== undefined) scratch.readInPlace(inPlace);
  sink.end();
}

/**
 * Writes while it reads: what is done with a chunk takes the time that its write takes.
 * @returns false when there is no such file at the provider
 */
async function download(file: FileToFetch, keep: (chunk: Uint8Array) => void): Promise<boolean> {
  const { store, provider, fileId, key } = file;
  if (fileId === undefined) return false;
  const writer = store.write(key);
  const tail = new Tail();
  try {
    for await (const chunk of provider.download(fileId)) {
      const written = writer.write(chunk);
      tail.add(chunk);
      keep(chunk);
      await written;
    }
    refuseShort(tail, writer.bytes, fileId, await provider.fileBytes(fileId));
    await writer.close();
    return true;
  } catch (error) {
    await writer.abort();
    if (!(error instanceof ProviderNotFound)) throw error;
    if (await isGone(file)) return false;
    throw new ProviderUnavailable(`download file ${fileId}: its batch names it, and it is not found.`, {
      cause: error,
    });
  }
}

/** How long a file that its batch names is asked for: files were seen to take a minute to be found everywhere. */
const MISSING_SECONDS = 120;

/** Whether a file that is not found has had its time. Its rows would be paid for again. */
async function isGone({ store, missingKey, now }: FileToFetch): Promise<boolean> {
  const since = await readJson<{ readonly at: number }>(store, missingKey);
  if (since === undefined) await writeJson(store, missingKey, { at: now });
  return since !== undefined && now - since.at >= MISSING_SECONDS;
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
