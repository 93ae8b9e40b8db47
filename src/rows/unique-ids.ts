import { InvalidInput } from '../errors.ts';

/** A Set ends at 2^24 entries; this is the round number below it. */
export const MAX_IDS = 16_000_000;

/** The custom_ids of a job. */
export interface UniqueIds {
  /** Takes an id; false when it was there already. @throws InvalidInput when there are more than {@link MAX_IDS}. */
  add(id: string): boolean;
}

export function createUniqueIds(): UniqueIds {
  const seen = new Set<string>();
  return {
    add(id) {
      if (seen.has(id)) return false;
      if (seen.size >= MAX_IDS) {
        throw new InvalidInput(`A job takes at most ${MAX_IDS} rows: split the input into several files.`);
      }
      seen.add(id);
      return true;
    },
  };
}
