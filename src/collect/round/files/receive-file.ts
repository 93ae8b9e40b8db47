import { roundPartKey } from '../../../checkpoints/keys.ts';
import type { Download } from '../../../checkpoints/round/late.ts';
import { isProviderError, ProviderNotFound, ProviderUnavailable } from '../../../errors.ts';
import type { BatchProvider, DownloadStart } from '../../../provider/batch-provider.ts';
import { FileChanged } from '../../../provider/http/ranges.ts';
import type { ObjectStore, ObjectWriter } from '../../../store/object-store.ts';
import { GoesOnLater, sizeOf, type Downloads } from './downloads.ts';

/** Source and destination of a file. */
interface FileToReceive {
  readonly store: ObjectStore;
  readonly provider: BatchProvider;
  readonly key: string;
  readonly downloads: Downloads;
}

/** The complete file: its last part is written, but not closed. */
interface Received {
  readonly download: Download;
  readonly writer: ObjectWriter;
}

/**
 * Downloads a file, or the rest of it. Processes each chunk while it is written. If time runs short or the provider fails, what
 * was received is saved, and the next call continues after it.
 * @param take returns true to end the download
 * @returns undefined if the file is not found
 * @throws GoesOnLater when time ran short
 */
export async function receive(
  file: FileToReceive,
  begun: Download,
  take: (chunk: Uint8Array) => boolean,
): Promise<Received | undefined> {
  const { provider, downloads } = file;
  const part = new OpenPart(file, begun);
  using short = downloads.watch(() => part.mayStop);
  try {
    const from = { ...begun, bytes: sizeOf(begun) };
    const onStart = (start: DownloadStart): void => part.start(start);
    const { signal } = short;
    for await (const chunk of provider.download(begun.fileId, { from, onStart, signal })) {
      const written = part.writer.write(chunk);
      const isEndless = take(chunk);
      await written;
      if (isEndless) break;
      downloads.did();
      if (part.canGoOn && downloads.mustStop) throw new GoesOnLater();
      if (!part.canGoOn) downloads.checkTime(FROM_ITS_START);
    }
    return { download: part.download, writer: part.writer };
  } catch (error) {
    const isSaved = mayGoOn(error) && (await part.save(downloads));
    if (!isSaved) await part.abort();
    if (error instanceof ProviderNotFound) return undefined;
    const isCutShort = short.signal.aborted && error instanceof ProviderUnavailable;
    if (!isCutShort && !(error instanceof GoesOnLater)) throw error;
    // The time is up. This is not an outage of the provider.
    if (!part.mayStop) downloads.checkTime(FROM_ITS_START);
    if (!isSaved) await downloads.save();
    throw new GoesOnLater();
  }
}

const FROM_ITS_START = 'downloads a file that can only be read from its start';

/** True if a later call can continue: time ran short or the provider failed, and the file still exists unchanged. */
function mayGoOn(error: unknown): boolean {
  if (error instanceof FileChanged || error instanceof ProviderNotFound) return false;
  return error instanceof GoesOnLater || isProviderError(error);
}

/** The part of a file that is being received. */
class OpenPart {
  readonly #file: FileToReceive;
  #download: Download;
  #writer: ObjectWriter | undefined;
  /** True if another download may continue after this part. */
  canGoOn = false;
  #isBegun = false;

  constructor(file: FileToReceive, download: Download) {
    this.#file = file;
    this.#download = download;
  }

  /**
   * Starts the part. If a provider sends the whole file again, or has replaced it, it would do so each time, so this call must
   * read all of it.
   */
  start({ bytes, length, mark, canGoOn }: DownloadStart): void {
    const isAnew = bytes !== sizeOf(this.#download);
    const { fileId, parts } = this.#download;
    this.canGoOn = canGoOn && !isAnew;
    this.#isBegun = true;
    this.#download = { fileId, parts: isAnew ? [] : parts, length, mark };
  }

  /** True if another call can continue without a loss: before the first byte, or after the last one received. */
  get mayStop(): boolean {
    return this.canGoOn || !this.#isBegun;
  }

  get #isFirst(): boolean {
    return this.#download.parts.length === 0;
  }

  get writer(): ObjectWriter {
    const { store, key } = this.#file;
    const nth = this.#download.parts.length + 1;
    return (this.#writer ??= store.write(this.#isFirst ? key : roundPartKey(key, nth)));
  }

  /** The download including this part. */
  get download(): Download {
    return { ...this.#download, parts: [...this.#download.parts, this.writer.bytes] };
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }

  /**
   * Stores the received part of the file, so that the next call continues after it.
   * @returns false if there is nothing to continue after
   */
  async save(downloads: Downloads): Promise<boolean> {
    if (!this.canGoOn || this.#writer === undefined || this.#writer.bytes === 0) return false;
    downloads.keep(this.#file.key, this.download);
    // An object under the file's own key counts as the whole file, unless it is recorded first that it is only a part.
    if (this.#isFirst) await downloads.save();
    await this.#writer.close();
    if (!this.#isFirst) await downloads.save();
    return true;
  }
}
