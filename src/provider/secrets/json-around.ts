/** A part of a text: indexes of its first character, and of the character after its last. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The piece of a part that may be replaced so that JSON around it stays valid, and numbers unchanged: without quotes that may end
 * a string, and without the rest of an escape that begins before it.
 * @returns undefined if the part is in a number, or nothing is left of it
 */
export function replaceablePart(text: string, { start, end }: Part): Part | undefined {
  const from = start + restOfEscape(text, start);
  const inner = text.slice(from, end);
  const first = from + (/^(?:\\.|")+/.exec(inner)?.[0].length ?? 0);
  const last = end - (/["\\]+$/.exec(inner)?.[0].length ?? 0);
  if (first >= last || isInNumber(text, first, last)) return undefined;
  return { start: first, end: last };
}

/** Number of characters from this index on that belong to an escape such as `\n` or `\u00e4` that begins before it. */
function restOfEscape(text: string, at: number): number {
  const hex = /\\u[\da-f]{0,3}$/i.exec(text.slice(Math.max(0, at - 5), at))?.[0] ?? '';
  const isEscaped = hasEscapeAt(text, at - Math.max(1, hex.length));
  if (!isEscaped) return 0;
  if (hex !== '') return HEX_ESCAPE - hex.length;
  if (text[at] === 'u') return HEX_ESCAPE - 1;
  return 'bfnrt"\\/'.includes(text.charAt(at)) ? 1 : 0;
}

/** Length of an escape such as `\u00e4`. */
const HEX_ESCAPE = 6;

/** True if the backslash at this index begins an escape: it is not itself escaped. */
function hasEscapeAt(text: string, index: number): boolean {
  let first = index;
  while (text[first] === '\\') first -= 1;
  return (index - first) % 2 === 1;
}

/**
 * True if a part may be in a number of JSON. Digits inside a string are recognised by what is around them; if both are possible,
 * it counts as a number.
 */
function isInNumber(text: string, start: number, end: number): boolean {
  if (!IS_NUMERIC.test(text.slice(start, end))) return false;
  let first = start;
  while (NUMERIC.test(text.charAt(first - 1))) first -= 1;
  let last = end;
  while (NUMERIC.test(text.charAt(last))) last += 1;
  return MAY_PRECEDE.test(text.slice(Math.max(0, first - AROUND), first)) && mayFollow(text, last);
}

const NUMERIC = /[\d+.Ee-]/;
const IS_NUMERIC = /^[\d+.Ee-]*$/;
/** Characters that are looked at before a number. */
const AROUND = 64;
const MAY_PRECEDE = /(?:^|\n|[,[]|(?:^|")\s*:)\s*$/;

function mayFollow(text: string, at: number): boolean {
  return /^\s*(?:$|[\]\n\r,}])/.test(text.slice(at, at + AROUND));
}
