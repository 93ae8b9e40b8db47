import { parseExact } from '../exact-json.ts';

/**
 * Reads JSON that a provider wrote. Numbers keep their digits. Python's `NaN`, `Infinity` and `-Infinity` become null, and line
 * ends, tabs and other control characters in strings are accepted, because the rest of the answer is paid for.
 * @throws SyntaxError when it is not JSON even with these exceptions
 */
export function readAnswer(text: string): unknown {
  try {
    return parseExact(text);
  } catch (error) {
    // The value is nested so deeply that it cannot be written again, so exact numbers do not matter.
    if (error instanceof RangeError) return JSON.parse(text);
    const strict = asStrict(text);
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
// oxlint-disable-next-line no-control-regex -- JSON does not allow these characters in strings.
const CONTROL = /[\0-\u001f]/g;

/** The text as strict JSON: with null for Python's constants, and with escapes in strings. `undefined` if that changes nothing. */
function asStrict(text: string): string | undefined {
  let strict = '';
  let from = 0;
  CONSTANT.lastIndex = 0;
  for (let found = CONSTANT.exec(text); found !== null; found = CONSTANT.exec(text)) {
    const isString = found[0] === '"';
    const end = isString ? closingQuote(text, found.index) + 1 : CONSTANT.lastIndex;
    if (end === 0) break;
    CONSTANT.lastIndex = end;
    const value = isString ? escapeControls(text.slice(found.index, end)) : 'null';
    if (value === undefined) continue;
    strict += text.slice(from, found.index) + value;
    from = end;
  }
  return from === 0 ? undefined : strict + text.slice(from);
}

/** The string with escapes for its control characters; `undefined` if it has none. */
function escapeControls(string: string): string | undefined {
  return string.search(CONTROL) === -1
    ? undefined
    : string.replaceAll(CONTROL, (character) => JSON.stringify(character).slice(1, -1));
}

function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}
