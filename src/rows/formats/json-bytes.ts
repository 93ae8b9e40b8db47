import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from './format.ts';

/**
 * The text of a JSON document, checked for what its parser lets pass: bytes that are no UTF-8 it replaces, and a value
 * it collects however long it grows.
 * @throws InvalidInput for either.
 */
export async function* decodeJson(
  chunks: AsyncIterable<Uint8Array>,
  { name, maxRowBytes }: ReadOptions,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new InvalidInput(`${name} is not valid UTF-8: save it as UTF-8.`);
    }
  };
  const row = new RowLength();
  for await (const chunk of chunks) {
    if (row.after(chunk) > maxRowBytes) {
      throw new InvalidInput(`${name} has a row of more than ${maxRowBytes} bytes.`);
    }
    yield decode(chunk);
  }
  yield decode();
}

const [QUOTE, BACKSLASH, COMMA] = Buffer.from('"\\,');
const OPENING = new Set(Buffer.from('[{'));
const CLOSING = new Set(Buffer.from(']}'));

/** How long the row is that a document's bytes are within: rows end at the commas of its outermost level. */
class RowLength {
  #bytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  after(chunk: Uint8Array): number {
    for (const byte of chunk) {
      this.#bytes += 1;
      if (this.#inString) this.#withinString(byte);
      else if (byte === QUOTE) this.#inString = true;
      else if (byte === COMMA && this.#depth <= 1) this.#bytes = 0;
      else if (OPENING.has(byte)) this.#depth += 1;
      else if (CLOSING.has(byte)) this.#depth -= 1;
    }
    return this.#bytes;
  }

  #withinString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }
}
