/** How large a JSON value is. */
export interface Measured {
  /** About as many as the value has characters. */
  readonly weight: number;
  /** Levels of nesting; of a deeper value, one more than were asked for. */
  readonly depth: number;
}

/** Measures a value that was parsed from JSON, without recursion: an answer may be nested as deep as it is long. */
export function measure(value: unknown, maxDepth: number): Measured {
  let weight = 0;
  let level: readonly unknown[] = [value];
  for (let depth = 0; ; depth += 1) {
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
    if (below.length === 0 || depth > maxDepth) return { weight, depth };
    level = below;
  }
}
