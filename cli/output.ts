import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { styleText } from 'node:util';
import { printableJson, printableLines } from '../src/text/printable.ts';

/**
 * Prints a line to standard output. All output must go through this file: it escapes every character that a terminal interprets,
 * except line ends, tabs and this program's styles. Callers must first pass values of other origin to `printable`.
 */
export function print(line: string): void {
  process.stdout.write(`${shown(line, process.stdout)}\n`);
}

/** {@link print} to standard error. */
export function printError(line: string): void {
  process.stderr.write(`${shown(line, process.stderr)}\n`);
}

/** Writes a text with its own line ends, such as commander's help. */
export function writeText(stream: NodeJS.WriteStream, text: string): void {
  stream.write(shown(text, stream));
}

/** Codes of `styleText` that this program uses: bold, dim, red, green, yellow, cyan, and their end codes. */
const STYLE = '\u001b\\[(?:1|2|22|31|32|33|36|39)m';

const STYLES_AND_OBEYED = new RegExp(`${STYLE}|[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]`, 'gu');

/** Text that is safe to show on a stream. */
export function shown(text: string, stream: NodeJS.WriteStream): string {
  return text.replace(STYLES_AND_OBEYED, (found) =>
    found.length > 2 && hasStyles(stream) ? found : printableLines(found),
  );
}

const hasStyles = (stream: NodeJS.WriteStream): boolean => styleText('red', 'x', { stream }) !== 'x';

/** Streams chunks to standard output. A reader that closes the pipe early, such as `| head`, causes no error. */
export async function printStream(chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  await pipeline(chunks, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Makes streamed JSON Lines printable. Handles characters that are split between two chunks. */
export async function* printableChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunks) yield printableJson(decoder.write(chunk));
  yield printableJson(decoder.end());
}
