/**
 * The characters that begin a formula, in ASCII and in the wide and small forms that spreadsheets read as the same. Spaces and
 * invisible characters before them count as nothing, because programs trim them.
 */
const FORMULA = /^[\s\p{Cc}\p{Cf}\p{Z}]*[=+\-@＝＋－＠﹦﹢﹣﹫]/u;

/** Programs may drop these from the beginning of a cell, and look at what follows. */
const DROPPED = /^[\t\r\n]/;

const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A text that no spreadsheet takes for a formula: with an apostrophe before it when it begins with `=`, `+`, `-`, `@`, a tab or a
 * line end. Plain numbers, such as `-1.5`, stay as they are.
 */
export function spreadsheetCell(text: string): string {
  const isHarmless = PLAIN_NUMBER.test(text) || !(FORMULA.test(text) || DROPPED.test(text));
  return isHarmless ? text : `'${text}`;
}
