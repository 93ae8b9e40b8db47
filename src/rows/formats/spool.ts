import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidInput } from '../../errors.ts';

/** Largest file, in bytes. It fits into the temporary folder of a Lambda, with room for other files. */
export const MAX_SPOOLED_BYTES = 450_000_000;

/** A temporary file, which is removed on disposal. */
export interface Spooled extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes a stream to a temporary file, for formats whose table of contents is at their end.
 * @throws InvalidInput when it is too large
 */
export async function spool(chunks: AsyncIterable<Uint8Array>, name: string): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-input-'));
  const path = join(folder, 'input');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(Readable.from(chunks), limited(name), createWriteStream(path, { mode: 0o600 }));
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function limited(name: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= MAX_SPOOLED_BYTES) done(null, chunk);
      else
        done(
          new InvalidInput(
            `${name} has more than ${MAX_SPOOLED_BYTES} bytes, and its format cannot be read as a stream: save it as CSV or as JSON lines, or split it into several files.`,
          ),
        );
    },
  });
}
