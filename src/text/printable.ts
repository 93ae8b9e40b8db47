/**
 * Characters that a terminal or a log viewer interprets instead of showing: control characters (C0, DEL, C1), format characters
 * (those that reorder text, have no width, or tag it), line and paragraph separators, and lone surrogates.
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from outside (a name, an id, a message) on one line, with all such characters escaped. */
export function printable(text: string): string {
  return printableLines(text.replace(/\s+/g, ' '));
}

/** {@link printable} for text that may contain line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(HOSTILE, (character) => (isLayout(character) ? character : escaped(character)));
}

/** JSON text that is safe to print: the same value, with those characters as JSON escapes. Line ends between values stay. */
export function printableJson(json: string): string {
  return json.replace(HOSTILE, (character) => (isLayout(character) ? character : jsonEscaped(character)));
}

/**
 * True for line ends and tabs, which stay unescaped: they are the layout of a text, and inside JSON strings they are already
 * escaped.
 */
function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

/** Escapes a character: `\u001b`; with more than four digits `\u{e0001}`. */
function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
}

/** Escapes a character as JSON requires: one escape per UTF-16 code unit. */
function jsonEscaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`,
  ).join('');
}
