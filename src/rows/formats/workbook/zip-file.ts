import { open, type Entry, type ZipFile } from 'yauzl';
import { InvalidInput } from '../../../errors.ts';

/**
 * Highest ratio of decompressed to compressed bytes. Ordinary parts compress at most to a fiftieth; a decompression bomb
 * compresses to a thousandth.
 */
const MAX_RATIO = 300;
const JUDGED_FROM_BYTES = 32_000_000;

/** The parts of a ZIP file by name. */
export interface ZipParts extends Disposable {
  has(part: string): boolean;
  /**
   * Streams a part's uncompressed bytes.
   * @throws InvalidInput when the part does not exist, or is broken
   */
  read(part: string): AsyncIterable<Buffer>;
}

/**
 * Opens the parts of a workbook.
 * @throws InvalidInput when it is not a ZIP file, or is encrypted
 */
export async function openZip(path: string, name: string): Promise<ZipParts> {
  const broken = (error: unknown): InvalidInput =>
    new InvalidInput(
      `${name} is not a complete workbook: ${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}.`,
    );
  const zip = await openFile(path).catch((error: unknown) => {
    throw broken(error);
  });
  const entries = await listEntries(zip).catch((error: unknown) => {
    zip.close();
    throw broken(error);
  });
  return {
    has: (part) => entries.has(part),
    async *read(part) {
      const entry = entries.get(part);
      if (entry === undefined)
        throw new InvalidInput(`${name} is not a complete workbook: it has no ${part}.`);
      if (
        entry.uncompressedSize > JUDGED_FROM_BYTES &&
        entry.uncompressedSize > entry.compressedSize * MAX_RATIO
      )
        throw new InvalidInput(
          `${name} unpacks to more than ${MAX_RATIO} times its size: it is not an input file.`,
        );
      try {
        yield* await openPart(zip, entry);
      } catch (error) {
        if (error instanceof InvalidInput) throw error;
        throw broken(error);
      }
    },
    [Symbol.dispose]: () => zip.close(),
  };
}

function openFile(path: string): Promise<ZipFile> {
  const { promise, resolve, reject } = Promise.withResolvers<ZipFile>();
  open(path, { lazyEntries: true, autoClose: false }, (error, zip) => {
    if (error) reject(error);
    else resolve(zip);
  });
  return promise;
}

function listEntries(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Entry>>();
  const entries = new Map<string, Entry>();
  zip.on('entry', (entry: Entry) => {
    entries.set(entry.fileName, entry);
    zip.readEntry();
  });
  zip.on('end', () => resolve(entries));
  zip.on('error', reject);
  zip.readEntry();
  return promise;
}

function openPart(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<AsyncIterable<Buffer>>();
  zip.openReadStream(entry, (error, stream) => {
    if (error) reject(error);
    else resolve(stream);
  });
  return promise;
}
