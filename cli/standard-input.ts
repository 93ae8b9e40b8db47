import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidRequest } from '../src/errors.ts';
import { recogniseFormat } from '../src/rows/formats/recognise-format.ts';
import { peek } from '../src/rows/formats/peek.ts';

/** A file's place on a command line that is read from standard input. */
const STANDARD_INPUT = '-';

/** Files of a command, `-` replaced by a file with what came in; it is removed when this is disposed of. */
export interface CommandFiles extends AsyncDisposable {
  readonly files: readonly string[];
}

/**
 * Takes standard input for `-`. Its format is recognised from its first bytes, because it has no name that says it.
 * @param format the extension that it would have as a file, where recognition is not wanted
 * @throws InvalidRequest when it is named twice, is empty or is a terminal
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
