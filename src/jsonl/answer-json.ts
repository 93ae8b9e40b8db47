import { parseExact } from '../exact-json.ts';

/**
 * Reads JSON that a provider wrote. Numbers keep their digits. Python's `NaN`, `Infinity` and `-Infinity` become null, because
 * the rest of the answer is paid for.
 * @throws SyntaxError when it is not JSON even with these constants
 */
export function readAnswer(text: string): unknown {
  try {
    return parseExact(text);
  } catch (error) {
    // It is nested so deeply that it cannot be written again, so exact numbers do not matter.
    if (error instanceof RangeError) return JSON.parse(text);
    const strict = withoutConstants(text);
    if (strict === undefined) throw error;
    return parseExact(strict);
  }
}

/** {@link readAnswer}, or `undefined` if the text is not JSON. */
export function tryReadAnswer(text: string): unknown {
  try {
    return readAnswer(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const CONSTANT = /-?(?:NaN|Infinity)\b|"/g;

/** The text with null for Python's constants outside of strings; `undefined` if it has none. */
function withoutConstants(text: string): string | undefined {
  let strict = '';
  let from = 0;
  CONSTANT.lastIndex = 0;
  for (let found = CONSTANT.exec(text); found !== null; found = CONSTANT.exec(text)) {
    if (found[0] === '"') {
      const end = closingQuote(text, found.index);
      if (end === -1) break;
      CONSTANT.lastIndex = end + 1;
      continue;
    }
    strict += `${text.slice(from, found.index)}null`;
    from = CONSTANT.lastIndex;
  }
  return from === 0 ? undefined : strict + text.slice(from);
}

function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}
