import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { styleText } from 'node:util';
import { printableJson, printableLines } from '../src/printable.ts';

/**
 * The one way to standard output and standard error. Whoever composes a line makes values from outside `printable` first;
 * here every character that a terminal obeys is escaped, except line ends, tabs and the styles of this program.
 */
export function print(line: string): void {
  process.stdout.write(`${shown(line, process.stdout)}\n`);
}

/** {@link print} to standard error. */
export function printError(line: string): void {
  process.stderr.write(`${shown(line, process.stderr)}\n`);
}

/** Text with line ends of its own, such as commander's help. */
export function writeText(stream: NodeJS.WriteStream, text: string): void {
  stream.write(shown(text, stream));
}

/** Codes of `styleText` that this program uses: bold, dim, red, green, yellow, cyan, and their ends. */
const STYLE = '\u001b\\[(?:1|2|22|31|32|33|36|39)m';

const STYLES_AND_OBEYED = new RegExp(`${STYLE}|[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]`, 'gu');

/** Text as a stream may show it. */
export function shown(text: string, stream: NodeJS.WriteStream): string {
  return text.replace(STYLES_AND_OBEYED, (found) =>
    found.length > 2 && hasStyles(stream) ? found : printableLines(found),
  );
}

const hasStyles = (stream: NodeJS.WriteStream): boolean => styleText('red', 'x', { stream }) !== 'x';

/** Streams to standard output. A reader that closes the pipe early, such as `| head`, causes no error. */
export async function printStream(chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  await pipeline(chunks, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Makes JSON Lines that stream printable. A character that is cut between two chunks waits for its rest. */
export async function* printableChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunks) yield printableJson(decoder.write(chunk));
  yield printableJson(decoder.end());
}
