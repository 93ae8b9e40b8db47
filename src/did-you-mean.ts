/** The name that differs from the one asked for by case, spaces and punctuation only. */
export function findAlike(asked: string, names: Iterable<string>): string | undefined {
  const folded = fold(asked);
  for (const name of names) if (name !== asked && fold(name) === folded) return name;
  return undefined;
}

/** ` Did you mean "Review"?` for the end of an error message, or nothing: a name that is the same but for case, or a slip. */
export function didYouMean(asked: string, names: Iterable<string>): string {
  const known = [...names];
  const alike = findAlike(asked, known) ?? findSlip(asked, known);
  return alike === undefined ? '' : ` Did you mean ${quoted(alike)}?`;
}

/** Longest name that is compared letter by letter. */
const MAX_LETTERS = 40;

/** The name that is fewest slips away from the one asked for: at most a third of its letters, and three. */
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

/** Letters that are missing, surplus, wrong or in each other's place. */
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

/** A name for a message: on one line, and not too long. */
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
