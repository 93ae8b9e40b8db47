/** The name that differs from the given one only in case, spaces and punctuation. */
export function findAlike(asked: string, names: Iterable<string>): string | undefined {
  const folded = fold(asked);
  for (const name of names) if (name !== asked && fold(name) === folded) return name;
  return undefined;
}

/**
 * ` Did you mean "Review"?` for the end of an error message, or an empty text. Suggests a name that differs in case or by a
 * typing error.
 */
export function didYouMean(asked: string, names: Iterable<string>): string {
  const known = [...names];
  const alike = findAlike(asked, known) ?? findSlip(asked, known);
  return alike === undefined ? '' : ` Did you mean ${quoted(alike)}?`;
}

/** Longest name that is compared letter by letter. */
const MAX_LETTERS = 40;

/** The name with the fewest typing errors: at most three, and at most a third of its letters. */
function findSlip(asked: string, names: readonly string[]): string | undefined {
  if (asked.length > MAX_LETTERS) return undefined;
  const letters = asked.toLowerCase();
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const name of names) {
    const most = Math.min(3, Math.floor(Math.max(letters.length, name.length) / 3));
    if (name === asked || name.length > MAX_LETTERS || Math.abs(name.length - letters.length) > most)
      continue;
    const slips = countSlips(letters, name.toLowerCase());
    if (slips <= most && (best === undefined || slips < best.slips)) best = { name, slips };
  }
  return best?.name;
}

/** Number of letters that are missing, added, wrong or swapped. */
function countSlips(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const wrong = one[i - 1] === other[j - 1] ? 0 : 1;
      let slips = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + wrong);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) slips = Math.min(slips, (beforeLast[j - 2] ?? 0) + 1);
      row.push(slips);
    }
    [beforeLast, last] = [last, row];
  }
  return last[other.length] ?? 0;
}

/** A name for a message: on one line, and shortened. */
export function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}

function fold(name: string): string {
  const letters = name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_.-]+/g, '');
  return letters === '' ? name : letters;
}
