/** A fact, or what is done where it is not known. */
export function known<Fact>(
  fact: Fact | 'unknown',
  safe: Exclude<Fact, 'unknown'>,
): Exclude<Fact, 'unknown'> {
  return fact === 'unknown' ? safe : (fact as Exclude<Fact, 'unknown'>);
}

/** Whether a code is one of a dialect's list, whose entries may end in `*`. */
export function isListed(code: string, list: readonly string[]): boolean {
  return list.some((entry) => (entry.endsWith('*') ? code.startsWith(entry.slice(0, -1)) : entry === code));
}
