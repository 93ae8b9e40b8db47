import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidRequest } from '../src/errors.ts';
import { recogniseFormat } from '../src/rows/formats/recognise-format.ts';
import { peek } from '../src/rows/formats/peek.ts';

/** Stands for standard input in place of a file. */
const STANDARD_INPUT = '-';

/** A command's files, with `-` replaced by a temporary file, which is removed on disposal. */
export interface CommandFiles extends AsyncDisposable {
  readonly files: readonly string[];
}

/**
 * Reads standard input for `-`. Detects its format from the first bytes, because there is no file name.
 * @param format the extension of its format, to skip the detection
 * @throws InvalidRequest when `-` is given twice, or standard input is empty or a terminal
 */
export async function takeStandardInput(
  files: readonly string[],
  input: NodeJS.ReadStream,
  format?: string,
): Promise<CommandFiles> {
  const count = files.filter((file) => file === STANDARD_INPUT).length;
  if (count === 0) return { files, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (count > 1) throw new InvalidRequest('Standard input (-) can be read once.');
  if (input.isTTY)
    throw new InvalidRequest('Nothing is piped into standard input (-): cat table.csv | nightshift run -');
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-stdin-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { start, chunks } = await peek(input as AsyncIterable<Uint8Array>);
    if (start.length === 0) throw new InvalidRequest('Standard input (-) is empty.');
    const file = join(folder, `stdin.${format ?? recogniseFormat(start)}`);
    await pipeline(Readable.from(chunks), createWriteStream(file));
    return {
      files: files.map((each) => (each === STANDARD_INPUT ? file : each)),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
