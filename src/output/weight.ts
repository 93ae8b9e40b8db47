/** Approximate size of a JSON value in characters. Without recursion, because an answer may be nested as deeply as it is long. */
export function weightOf(value: unknown): number {
  let weight = 0;
  let level: readonly unknown[] = [value];
  while (level.length > 0) {
    const below: unknown[] = [];
    for (const item of level) {
      weight += typeof item === 'string' ? item.length + 1 : 1;
      if (typeof item !== 'object' || item === null) continue;
      if (Array.isArray(item)) for (const each of item) below.push(each);
      else
        for (const [name, each] of Object.entries(item)) {
          weight += name.length;
          below.push(each);
        }
    }
    level = below;
  }
  return weight;
}
