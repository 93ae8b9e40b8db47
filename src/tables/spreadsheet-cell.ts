/** Characters that begin a formula, in ASCII and in the wide and small forms that spreadsheets read the same way. */
const FORMULA = '=+\\-@＝＋－＠﹦﹢﹣﹫';

/** Spaces and invisible characters, which are ignored before a formula because programs trim them. */
const IGNORED = '\\s\\p{Cc}\\p{Cf}\\p{Z}';

/**
 * Matches the beginning of a formula. Quotes before it are ignored, too: after a line end in an earlier cell, a program may count
 * quotes wrongly.
 */
const BEGINS_FORMULA = new RegExp(`^[${IGNORED}"]*[${FORMULA}]`, 'u');

/** Characters that programs may drop from the beginning of a cell before they read the rest. */
const DROPPED = /^[\t\r\n]/;

const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Protects a text from being read as a formula: puts an apostrophe before it if it begins with `=`, `+`, `-`, `@`, a tab or a
 * line end. Plain numbers, such as `-1.5`, stay unchanged. A program that expects another separator would cut cells into pieces,
 * and end records at line ends within them; such pieces get an apostrophe as well.
 */
export function spreadsheetCell(text: string, delimiter: string): string {
  if (PLAIN_NUMBER.test(text)) return text;
  const safe = protectPieces(text, delimiter);
  return BEGINS_FORMULA.test(text) || DROPPED.test(text) ? `'${safe}` : safe;
}

/** Tokens: a run of ignored characters and quotes, a separator, the beginning of a formula, or anything else. */
const TOKENS = new RegExp(`[${IGNORED}"]+|[,;|]|[${FORMULA}]|[^${IGNORED}",;|${FORMULA}]+`, 'gu');

/** Characters at which programs may begin a new cell, even inside quotes. */
const CUTS = /[\r\n\t,;|]/;
const FORMULA_BEGINS = new RegExp(`^[${FORMULA}]`, 'u');
const NOTHING_BEGINS = new RegExp(`^(?:[${IGNORED}"]|[,;|])`, 'u');

/** Reads the text once in tokens, so that a long run of separators is not scanned again for each of them. */
function protectPieces(text: string, delimiter: string): string {
  if (!CUTS.test(text)) return text;
  let safe = '';
  let done = 0;
  /** Position after the last foreign separator, while only ignored characters have followed. */
  let cut: number | undefined;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (NOTHING_BEGINS.test(token)) {
      cut = lastCut(token, delimiter, index) ?? cut;
      continue;
    }
    if (cut !== undefined && FORMULA_BEGINS.test(token) && !isNumberBetween(text, cut, index)) {
      safe += `${text.slice(done, cut)}'`;
      done = cut;
    }
    cut = undefined;
  }
  return safe + text.slice(done);
}

function lastCut(token: string, delimiter: string, index: number): number | undefined {
  for (let at = token.length - 1; at >= 0; at -= 1) {
    const character = token.charAt(at);
    if (character !== delimiter && CUTS.test(character)) return index + at + 1;
  }
  return undefined;
}

const NUMBER = /[+-]?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,9})?/y;

/** True for a number that fills its whole piece, from one separator to the same one or to a line end: it is harmless. */
function isNumberBetween(text: string, cut: number, at: number): boolean {
  NUMBER.lastIndex = at;
  const [number] = NUMBER.exec(text) ?? [];
  if (number === undefined || text.slice(cut, at).trim() !== '') return false;
  const before = text.charAt(cut - 1);
  const next = text.charAt(at + number.length);
  return next === '\r' || next === '\n' || (next === before && /[,;|\t]/.test(next));
}
