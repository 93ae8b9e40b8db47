/** The name that differs from the one asked for by case, spaces and punctuation only. */
export function findAlike(asked: string, names: Iterable<string>): string | undefined {
  const folded = fold(asked);
  for (const name of names) if (name !== asked && fold(name) === folded) return name;
  return undefined;
}

/** `; did you mean "Review"?` for an error message, or just its end. */
export function didYouMean(asked: string, names: Iterable<string>): string {
  const alike = findAlike(asked, names);
  return alike === undefined ? '' : ` Did you mean ${quoted(alike)}?`;
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
