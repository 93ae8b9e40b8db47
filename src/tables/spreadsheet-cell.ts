/** The characters that begin a formula, in ASCII and in the wide and small forms that spreadsheets read as the same. */
const FORMULA = '=+\\-@＝＋－＠﹦﹢﹣﹫';

/** Spaces and invisible characters before a formula count as nothing, because programs trim them. */
const IGNORED = '\\s\\p{Cc}\\p{Cf}\\p{Z}';

/** Quotes come apart where a line end in the cell before makes a program lose count of them. */
const BEGINS_FORMULA = new RegExp(`^[${IGNORED}"]*[${FORMULA}]`, 'u');

/** Programs may drop these from the beginning of a cell, and look at what follows. */
const DROPPED = /^[\t\r\n]/;

const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A text that no spreadsheet takes for a formula: with an apostrophe before it when it begins with `=`, `+`, `-`, `@`, a tab or a
 * line end. Plain numbers, such as `-1.5`, stay as they are. A program that expects another separator than the file has cuts cells
 * into pieces and ends records at line ends within them: pieces get an apostrophe in the same way.
 */
export function spreadsheetCell(text: string, delimiter: string): string {
  if (PLAIN_NUMBER.test(text)) return text;
  const safe = protectPieces(text, delimiter);
  return BEGINS_FORMULA.test(text) || DROPPED.test(text) ? `'${safe}` : safe;
}

/** A run of what counts as nothing before a formula (quotes as well, which come apart with the cell), a formula's beginning, or anything else. */
const TOKENS = new RegExp(`[${IGNORED}"]+|[,;|]|[${FORMULA}]|[^${IGNORED}",;|${FORMULA}]+`, 'gu');

/** Where programs may begin a new cell, whatever quotes say. */
const CUTS = /[\r\n\t,;|]/;
const FORMULA_BEGINS = new RegExp(`^[${FORMULA}]`, 'u');
const NOTHING_BEGINS = new RegExp(`^(?:[${IGNORED}"]|[,;|])`, 'u');

/** Walks the text once, in pieces: a long run of separators must not be looked at again for each of them. */
function protectPieces(text: string, delimiter: string): string {
  if (!CUTS.test(text)) return text;
  let safe = '';
  let done = 0;
  /** Behind the last foreign separator since something else than nothing. */
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

/** A number is harmless that ends where its piece does: at the separator that it began behind, or at a line's end. */
function isNumberBetween(text: string, cut: number, at: number): boolean {
  NUMBER.lastIndex = at;
  const [number] = NUMBER.exec(text) ?? [];
  if (number === undefined || text.slice(cut, at).trim() !== '') return false;
  const before = text.charAt(cut - 1);
  const next = text.charAt(at + number.length);
  return next === '\r' || next === '\n' || (next === before && /[,;|\t]/.test(next));
}
