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

const SIGNED = /^[+-]/;
const IGNORED_AT_END = new RegExp(`^[${IGNORED}"]$`, 'u');

/**
 * {@link spreadsheetCell} for the cells of a record. If tabs separate them, a program with another separator trims the tab before
 * a number that follows a cell with such a separator at its end: the number and the cells behind it would be one formula.
 */
export function spreadsheetCells(texts: readonly string[], delimiter: string): string[] {
  let isOpen = false;
  return texts.map((text) => {
    const cell = spreadsheetCell(text, delimiter);
    const isProtected = isOpen && SIGNED.test(cell);
    isOpen = delimiter === '\t' && endsInCut(cell, isOpen);
    return isProtected ? `'${cell}` : cell;
  });
}

/**
 * True if a text ends with a separator or a line end, and ignored characters behind it.
 * @param before the same for the text before it, which decides if this text has only ignored characters
 */
function endsInCut(text: string, before: boolean): boolean {
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (/[\uDC00-\uDFFF]/.test(text.charAt(at)) && at > 0) at -= 1;
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (/[\r\n,;|]/.test(character)) return true;
    if (!IGNORED_AT_END.test(character)) return false;
  }
  return before;
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

/**
 * True for a number that fills its whole piece, from one separator to the same one, or to a line end that each program knows: it is
 * harmless. Programs that do not cut at a tab or at half a line end trim it, so it is not enough, except for a line feed between
 * lines: such programs read no piece there.
 */
function isNumberBetween(text: string, cut: number, at: number): boolean {
  NUMBER.lastIndex = at;
  const [number] = NUMBER.exec(text) ?? [];
  if (number === undefined || text.slice(cut, at).trim() !== '') return false;
  const end = at + number.length;
  if (text.startsWith('\r\n', end)) return true;
  const next = text.charAt(end);
  if (next === '' || next !== text.charAt(cut - 1)) return false;
  return /[,;|]/.test(next) || (next === '\n' && cut > 1 && !NOTHING_BEGINS.test(text.slice(cut - 2, cut)));
}
