import { ProviderNotFound } from '../../errors.ts';
import type { BatchProvider } from '../../provider/batch-provider.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { FoundFile } from './evidence.ts';
import type { Scratch } from './scratch.ts';

/** Takes bytes as they come. */
export interface ChunkSink {
  /** @returns whether there is more by now than any file of the batch could have */
  push(chunk: Uint8Array): boolean;
  end(): void;
}

/** A provider's file, and where it is kept. */
export interface FileToFetch {
  readonly store: ObjectStore;
  readonly provider: BatchProvider;
  readonly name: FoundFile['name'];
  /** `undefined`: the batch names none, which is an empty one. */
  readonly fileId: string | undefined;
  readonly key: string;
  /** What an earlier look stored may not be all there is: the file is downloaded again. */
  readonly isLate: boolean;
  /** Called before a file is stored that is shorter than it was promised to be. */
  readonly onShort: () => Promise<void>;
}

/**
 * Brings a provider's file into the store, where what is paid for is safe first, and onto local disk; hands its bytes on
 * as they pass. One that was stored before is not downloaded again, unless it was late.
 * @returns what is available of it; undefined when the batch names none
 */
export async function fetchFile(
  file: FileToFetch,
  scratch: Scratch,
  sink: ChunkSink,
): Promise<FoundFile | undefined> {
  const { store, key, fileId, name } = file;
  const inPlace = store.file?.(key);
  const keep = (chunk: Uint8Array): boolean => {
    if (inPlace === undefined) scratch.append(chunk);
    return sink.push(chunk);
  };
  const isStored = !file.isLate && (await store.stat(key)) !== undefined;
  const downloaded = isStored || fileId === undefined ? undefined : await download(file, fileId, keep);
  const isMissing = downloaded?.state === 'missing';
  // A file that is gone by now may have been there at an earlier look.
  const stored = downloaded === undefined || isMissing ? await takeStored(store, key, keep) : undefined;
  const isThere = stored !== undefined || (downloaded !== undefined && !isMissing);
  if (isThere && inPlace !== undefined) scratch.readInPlace(inPlace);
  sink.end();
  if (downloaded !== undefined || stored === undefined) return downloaded;
  return fileId === undefined ? undefined : { name, fileId, state: 'whole', received: stored };
}

/** @returns the bytes of what is stored; undefined when nothing is */
async function takeStored(
  store: ObjectStore,
  key: string,
  keep: (chunk: Uint8Array) => boolean,
): Promise<number | undefined> {
  const stored = await store.open(key);
  if (stored === undefined) return undefined;
  for await (const chunk of stored.body) keep(chunk);
  return stored.bytes;
}

/** Writes while it reads: what is done with a chunk takes the time that its write takes. */
async function download(
  { store, provider, name, key, onShort }: FileToFetch,
  fileId: string,
  keep: (chunk: Uint8Array) => boolean,
): Promise<FoundFile> {
  const writer = store.write(key);
  const tail = new Tail();
  let contentLength: number | undefined;
  let isEndless = false;
  try {
    const chunks = provider.download(fileId, {
      onStart: ({ length }) => {
        contentLength = length;
      },
    });
    for await (const chunk of chunks) {
      const written = writer.write(chunk);
      tail.add(chunk);
      isEndless = keep(chunk);
      await written;
      if (isEndless) break;
    }
    const received = writer.bytes;
    const isCutOff = isEndless || !endsWhole(tail, received);
    const length = isEndless ? UNTOLD : await promisedLength(provider, fileId, contentLength);
    const state = !isEndless && isWhole(isCutOff, received, length) ? 'whole' : 'short';
    if (state === 'short') await onShort();
    await writer.close();
    const promised = length.bytes ?? length.contentLength;
    return { name, fileId, state, received, isCutOff, promised, ...(isEndless && { isEndless }) };
  } catch (error) {
    await writer.abort();
    if (!(error instanceof ProviderNotFound)) throw error;
    return { name, fileId, state: 'missing', received: 0 };
  }
}

/** How long a file is, by the file object and by the answer that brought it. An answer with fewer bytes has failed before. */
interface PromisedLength {
  readonly bytes: number | undefined;
  readonly contentLength: number | undefined;
}

const UNTOLD: PromisedLength = { bytes: undefined, contentLength: undefined };

async function promisedLength(
  provider: BatchProvider,
  fileId: string,
  contentLength: number | undefined,
): Promise<PromisedLength> {
  const bytes = await provider.fileBytes(fileId);
  // Some providers show 0 for every file.
  return { bytes: bytes === 0 ? undefined : bytes, contentLength };
}

/**
 * A connection may close cleanly in the middle of a file, and its Content-Length may be missing. A file that has its
 * promised length is whole, whatever its last line is like; without a promise its last line must be.
 */
function isWhole(isCutOff: boolean, received: number, { bytes, contentLength }: PromisedLength): boolean {
  // Some providers count a newline at the end that they do not send.
  if (bytes !== undefined) return bytes - received <= (isCutOff ? 0 : 2);
  return contentLength !== undefined || !isCutOff;
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
