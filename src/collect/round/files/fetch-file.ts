import type { Download } from '../../../checkpoints/round/late.ts';
import type { BatchProvider } from '../../../provider/batch-provider.ts';
import { asBuffer } from '../../../jsonl/lines.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { endsObject } from '../../../jsonl/object-framer.ts';
import { joinParts, sizeOf, type Downloads } from './downloads.ts';
import { watchForEnd } from './endless-file.ts';
import type { FoundFile } from './found-file.ts';
import { receive } from './receive-file.ts';
import type { Scratch } from './scratch.ts';

/** Receives bytes as they arrive. */
export interface ChunkSink {
  /**
   * Takes the next bytes of a file.
   * @returns true if there are already more bytes than any file of the batch could have
   */
  push(chunk: Uint8Array): boolean;
  end(): void;
}

/** A provider's file, and its key in the store. */
export interface FileToFetch {
  readonly store: ObjectStore;
  readonly provider: BatchProvider;
  readonly name: FoundFile['name'];
  /** `undefined` if the batch names none, which counts as an empty file. */
  readonly fileId: string | undefined;
  readonly key: string;
  /** True if the stored file may be incomplete, so that it is downloaded again. */
  readonly isLate: boolean;
  readonly downloads: Downloads;
  /** Number of the batch's requests. */
  readonly requests: number;
  /** True to record that a file is shorter than promised before it is stored. */
  readonly isShortNoted: boolean;
}

/**
 * Takes the next bytes of a file.
 * @returns true if there are already more bytes than any file of the batch could have
 */
type Take = (chunk: Uint8Array) => boolean;

/**
 * Downloads a provider's file into the store, because it is paid for, and onto the local disk. Passes its bytes on as they
 * arrive. A stored file is not downloaded again, unless it may be incomplete. The file is in the store after `downloads.stored`.
 * @returns the available part of the file; undefined if the batch names none
 * @throws GoesOnLater when time ran short, and another call must download the rest
 */
export async function fetchFile(
  file: FileToFetch,
  scratch: Scratch,
  sink: ChunkSink,
): Promise<FoundFile | undefined> {
  const { store, key } = file;
  const inPlace = store.file?.(key);
  const tail = new Tail();
  let taken = 0;
  const take = (chunk: Uint8Array): boolean => {
    taken += chunk.byteLength;
    if (inPlace === undefined) scratch.append(chunk);
    tail.add(chunk);
    tail.isEndless ||= sink.push(chunk);
    return tail.isEndless;
  };
  const found = await bring(file, take, tail);
  if (inPlace !== undefined && tail.isBegun) {
    await file.downloads.stored();
    scratch.readInPlace(inPlace, taken);
  }
  sink.end();
  return found;
}

async function bring(file: FileToFetch, take: Take, tail: Tail): Promise<FoundFile | undefined> {
  const { store, key, fileId, name, isLate, downloads } = file;
  const begun = fileId === undefined ? undefined : await downloads.find(key, fileId);
  if (begun !== undefined) return bringRest(file, begun, take, tail);
  if (fileId === undefined) {
    // A file that the batch no longer names may have been stored by an earlier look.
    await takeStored(file, take);
    return undefined;
  }
  const isStored = !isLate && !downloads.isBegun(key) && (await store.stat(key)) !== undefined;
  const downloaded = isStored ? undefined : await bringNew(file, fileId, take, tail);
  // The same holds for a file that is missing now.
  const isOpen = downloaded === undefined || downloaded.state === 'missing';
  const stored = isOpen ? await takeStored(file, take) : undefined;
  if (downloaded !== undefined || stored === undefined) return downloaded;
  return { name, fileId, state: 'whole', received: stored };
}

/**
 * Passes on a file that an earlier call has stored.
 * @returns the number of stored bytes; undefined if nothing is stored
 */
async function takeStored({ store, key, downloads }: FileToFetch, take: Take): Promise<number | undefined> {
  const stored = await store.open(key);
  if (stored === undefined) return undefined;
  for await (const chunk of stored.body) {
    take(chunk);
    downloads.checkTime('reads a file of the provider');
  }
  return stored.bytes;
}

/** Passes a file on while it is downloaded. */
async function bringNew(file: FileToFetch, fileId: string, take: Take, tail: Tail): Promise<FoundFile> {
  const { provider, name, key, downloads } = file;
  const came = await receive(file, { fileId, parts: [] }, take);
  if (came === undefined) return { name, fileId, state: 'missing', received: 0 };
  try {
    const promised = tail.isEndless ? undefined : await provider.fileBytes(fileId);
    const download: Download = { ...came.download, isWhole: true, promised };
    const found = weighFile(name, download, tail);
    if (found.state === 'short' && file.isShortNoted) await downloads.noteShort();
    downloads.complete(came.writer);
    downloads.keep(key, download);
    return found;
  } catch (error) {
    await came.writer.abort();
    throw error;
  }
}

/** Completes what earlier calls have downloaded, and reads the file once it is complete. */
async function bringRest(file: FileToFetch, begun: Download, take: Take, tail: Tail): Promise<FoundFile> {
  const { store, provider, name, key, downloads } = file;
  const { fileId } = begun;
  const isWhole = begun.isWhole === true || begun.length === sizeOf(begun);
  const came = isWhole ? undefined : await receive(file, begun, watchForEnd(file.requests));
  await came?.writer.close();
  const isGone = begun.isGone === true || (came === undefined && !isWhole);
  const all = came?.download ?? begun;
  const promised = begun.promised ?? (isGone ? undefined : await provider.fileBytes(fileId));
  const download: Download = { ...all, isWhole: true, promised, ...(isGone && { isGone }) };
  if (download.parts.length > 1) {
    downloads.keep(key, download);
    await downloads.save();
    await joinParts(store, key, download);
  }
  downloads.keep(key, { ...download, parts: [sizeOf(download)] });
  await downloads.rest();
  await takeStored(file, take);
  return isGone ? { name, fileId, state: 'missing', received: 0 } : weighFile(name, download, tail);
}
/**
 * Decides whether a file is complete. A connection may close cleanly in the middle of a file, and its Content-Length may be
 * missing. A file with its promised length is complete, whatever its last line is; without a promised length, its last line must
 * be complete.
 */
function weighFile(name: FoundFile['name'], download: Download, tail: Tail): FoundFile {
  const { fileId, length } = download;
  const received = sizeOf(download);
  if (tail.isEndless) return { name, fileId, state: 'short', received, isCutOff: true, isEndless: true };
  const isCutOff = !endsWhole(tail);
  // Some providers show 0 for every file.
  const promised = download.promised === 0 ? undefined : download.promised;
  // Some providers include a newline in the length that they do not send.
  const isLong = promised !== undefined && promised - received <= (isCutOff ? 0 : 2);
  const isWhole = promised === undefined ? length !== undefined || !isCutOff : isLong;
  return {
    name,
    fileId,
    state: isWhole ? 'whole' : 'short',
    received,
    isCutOff,
    promised: promised ?? length,
  };
}

/** Longest last line that is read, in bytes. A longer one counts as complete. */
const LAST_LINE_BYTES = 2_097_152;
const NEWLINE = 0x0a;

/**
 * The end of a stream: the bytes after its last newline. They are copied: chunks that are kept for a while are freed only by a full
 * garbage collection, and a file has thousands of them.
 */
class Tail {
  #kept = Buffer.alloc(0);
  #bytes = 0;
  /** True after the first chunk, even an empty one. */
  isBegun = false;
  /** True if the file is longer than the batch could have written. */
  isEndless = false;

  add(chunk: Uint8Array): void {
    this.isBegun = true;
    const from = asBuffer(chunk).lastIndexOf(NEWLINE) + 1;
    if (from > 0) this.#bytes = 0;
    const bytes = this.#bytes + chunk.byteLength - from;
    // A line that is too long is only counted.
    if (bytes <= LAST_LINE_BYTES) {
      if (bytes > this.#kept.length) this.#makeRoom(bytes);
      this.#kept.set(from === 0 ? chunk : chunk.subarray(from), this.#bytes);
    }
    this.#bytes = bytes;
  }

  /** The last line so far, if it has no newline; undefined if it is longer than {@link LAST_LINE_BYTES}. */
  get lastLine(): string | undefined {
    return this.#bytes > LAST_LINE_BYTES ? undefined : this.#kept.toString('utf8', 0, this.#bytes);
  }

  #makeRoom(bytes: number): void {
    const before = this.#kept;
    this.#kept = Buffer.allocUnsafeSlow(Math.min(2 * bytes, LAST_LINE_BYTES));
    before.copy(this.#kept, 0, 0, this.#bytes);
  }
}

/** True if the last line, without a newline, is a JSON value or ends with one. */
function endsWhole({ lastLine }: Tail): boolean {
  const last = lastLine?.trim();
  if (last === undefined || last === '' || endsObject(last)) return true;
  try {
    JSON.parse(last);
    return true;
  } catch {
    return false;
  }
}
