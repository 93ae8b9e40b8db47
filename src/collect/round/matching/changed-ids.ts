import { asNumber, inAnyCase, trimmed, withoutZeros, type Fold } from '../../../jsonl/folded-id.ts';

/**
 * Finds the row of a custom_id that came back changed: trimmed, in another case or Unicode form, with more or fewer zeros, as a
 * number, or cut off. Returns a row only if no other row is possible.
 */
export class ChangedIds {
  readonly #customIds: readonly string[];
  readonly #byForm = new Map<Fold, ReadonlyMap<string, number>>();

  constructor(customIds: readonly string[]) {
    this.#customIds = customIds;
  }

  /**
   * Finds the row of a line whose id the provider has changed.
   * @param longest length of the longest id in the round's files; if ids are cut off, they are cut at this length
   * @returns the row's ordinal; undefined if no row, or more than one, is possible
   */
  find(id: string, longest: number): number | undefined {
    for (const fold of FOLDS) {
      const folded = fold(id);
      if (folded === undefined || folded === '') continue;
      const ordinal = this.#form(fold).get(folded);
      if (ordinal !== undefined) return ordinal === AMBIGUOUS ? undefined : ordinal;
    }
    return id.length >= SHORTEST_CUT && id.length === longest ? this.#findCut(id) : undefined;
  }

  #form(fold: Fold): ReadonlyMap<string, number> {
    const known = this.#byForm.get(fold);
    if (known !== undefined) return known;
    const form = new Map<string, number>();
    for (const [ordinal, customId] of this.#customIds.entries()) {
      const folded = fold(customId);
      if (folded !== undefined) form.set(folded, form.has(folded) ? AMBIGUOUS : ordinal);
    }
    this.#byForm.set(fold, form);
    return form;
  }

  #findCut(id: string): number | undefined {
    const cut = inAnyCase(id);
    let found: number | undefined;
    for (const [folded, ordinal] of this.#form(inAnyCase)) {
      if (!folded.startsWith(cut)) continue;
      if (found !== undefined || ordinal === AMBIGUOUS) return undefined;
      found = ordinal;
    }
    return found;
  }
}

const AMBIGUOUS = -1;

/** A shorter id may be the beginning of another one by chance. */
const SHORTEST_CUT = 8;

/** The folds that are tried, from the smallest change to the largest. */
const FOLDS: readonly Fold[] = [trimmed, inAnyCase, withoutZeros, asNumber];
