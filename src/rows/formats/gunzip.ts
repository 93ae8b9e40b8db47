import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InvalidInput } from '../../errors.ts';

/**
 * Highest ratio of decompressed to compressed bytes. Text rarely compresses to less than a fiftieth; a decompression bomb
 * compresses to a thousandth. Checked first, because writing a bomb's rows takes minutes.
 */
const MAX_RATIO = 200;
const JUDGED_FROM_BYTES = 32_000_000;

/**
 * Streams the content of a gzipped file.
 * @throws InvalidInput when it is not gzip, ends early, or is a decompression bomb
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  let unpacked = 0;
  const unzip = createGunzip();
  pipeline(Readable.from(chunks), unzip, () => undefined);
  try {
    for await (const chunk of unzip as AsyncIterable<Buffer>) {
      unpacked += chunk.byteLength;
      if (unpacked > JUDGED_FROM_BYTES && unpacked > unzip.bytesWritten * MAX_RATIO) {
        throw new InvalidInput(
          `${name} unpacks to more than ${MAX_RATIO} times its size: it is not an input file.`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new InvalidInput(`${name} is not a complete gzip file (${error.code}).`, { cause: error });
  } finally {
    unzip.destroy();
  }
}

function isZlibError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
