import type { Pace } from '../pace.ts';
import type { ObjectStore } from './object-store.ts';

/** Most sources of one join. S3 joins at most 10,000 parts, and a step has time for thousands of copies, not for tens of thousands. */
export const MAX_SOURCES = 1_000;

export interface Join {
  readonly key: string;
  readonly sources: readonly string[];
  /** Where joins of some of the sources are kept, and that all are joined; they must be of these very sources. */
  readonly part: (n: number | 'all') => string;
}

/**
 * Joins objects, in order, into a new one. Many are joined in two steps: so many at a time, and then what came of those. Their
 * parts are left to the caller.
 * @returns false when time ran short; a call with the same parts goes on
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
