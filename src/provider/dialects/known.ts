/** A fact, or what is done where it is not known. */
export function known<Fact>(
  fact: Fact | 'unknown',
  safe: Exclude<Fact, 'unknown'>,
): Exclude<Fact, 'unknown'> {
  return fact === 'unknown' ? safe : (fact as Exclude<Fact, 'unknown'>);
}

/** Whether a code is one of a dialect's list, whose entries may end in `*`. Gateways write codes in either case. */
export function isListed(code: string, list: readonly string[]): boolean {
  const lower = code.toLowerCase();
  return list.some((each) => {
    const entry = each.toLowerCase();
    return entry.endsWith('*') ? lower.startsWith(entry.slice(0, -1)) : entry === lower;
  });
}
