/**
 * What a terminal or a log viewer obeys instead of showing it: control characters (C0, DEL, C1), format characters (those
 * that reorder text, have no width, or tag it), separators of lines and paragraphs, and halves of surrogate pairs.
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from outside (a name, an id, a message) as one line that only shows: characters that do more are escaped. */
export function printable(text: string): string {
  return printableLines(text.replace(/\s+/g, ' '));
}

/** {@link printable} for text that may have lines and tabs. */
export function printableLines(text: string): string {
  return text.replace(HOSTILE, (character) => (isLayout(character) ? character : escaped(character)));
}

/** JSON text as it may be printed: the same value, with those characters as JSON escapes. Line ends between values stay. */
export function printableJson(json: string): string {
  return json.replace(HOSTILE, (character) => (isLayout(character) ? character : jsonEscaped(character)));
}

/** Leaves these alone: where a text has lines, they are its layout; inside JSON strings they are escaped already. */
function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

/** `\u001b`; beyond four digits `\u{e0001}`. */
function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
}

/** Per UTF-16 unit, as JSON has it. */
function jsonEscaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`,
  ).join('');
}
