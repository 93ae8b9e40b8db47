/** Returns a known fact, or the fallback for an unknown one. */
export function known<Fact>(
  fact: Fact | 'unknown',
  safe: Exclude<Fact, 'unknown'>,
): Exclude<Fact, 'unknown'> {
  return fact === 'unknown' ? safe : (fact as Exclude<Fact, 'unknown'>);
}

/** True if a code is in a dialect's list, whose entries may end in `*`. Ignores case, because gateways use both. */
export function isListed(code: string, list: readonly string[]): boolean {
  const lower = code.toLowerCase();
  return list.some((each) => {
    const entry = each.toLowerCase();
    return entry.endsWith('*') ? lower.startsWith(entry.slice(0, -1)) : entry === lower;
  });
}
