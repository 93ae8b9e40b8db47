import type { Pace } from '../pace.ts';
import type { ObjectStore } from './object-store.ts';

/** Most sources of one join. S3 joins at most 10,000 parts, and a step has time for thousands of copies, not for tens of thousands. */
export const MAX_SOURCES = 1_000;

export interface Join {
  readonly key: string;
  readonly sources: readonly string[];
  /**
   * Keys for joins of some of the sources, and the key that marks the whole join as done. They must be unique to these sources.
   */
  readonly part: (n: number | 'all') => string;
}

/**
 * Joins objects, in order, into a new one. Many objects are joined in two steps: groups first, then the joined groups. The caller
 * deletes the groups.
 * @returns false when time ran short; a further call with the same parts continues
 */
export async function joinObjects(
  store: ObjectStore,
  { key, sources, part }: Join,
  pace: Pace,
  atOnce = MAX_SOURCES,
): Promise<boolean> {
  if (sources.length <= atOnce) {
    await store.concat(key, sources);
    return true;
  }
  if ((await store.stat(part('all'))) !== undefined) return true;
  const parts: string[] = [];
  for (let at = 0; at < sources.length; at += atOnce) {
    const into = part(parts.length);
    parts.push(into);
    if ((await store.stat(into)) !== undefined) continue;
    if (pace.mustStop) return false;
    await store.concat(into, sources.slice(at, at + atOnce));
    pace.did();
  }
  if (pace.mustStop) return false;
  await store.concat(key, parts);
  await store.put(part('all'), '');
  pace.did();
  return true;
}
