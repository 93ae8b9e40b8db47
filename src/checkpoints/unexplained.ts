/** Result lines of the provider that do not match the requests, and requests without a line. */
export interface Unexplained {
  /** Rows absent from output and error file. */
  readonly missing: number;
  readonly duplicates: number;
  /** Result lines without a matching request: their number, and the first custom_ids. */
  readonly unknown: number;
  readonly unknownIds: readonly string[];
  /** Result lines that are not a JSON object with a custom_id. */
  readonly unreadable: number;
  /** Rows whose result line came back under a changed custom_id; absent when there are none. */
  readonly changedIds?: number;
  /** Rows that are paid twice because their result line cannot be read or matches no row; absent if there are none. */
  readonly paidTwice?: number;
}

/** Most unknown custom_ids to record. */
const MOST_IDS = 20;

/** Adds up rounds or shards. */
export function sumUnexplained(parts: readonly Unexplained[]): Unexplained {
  const sum = (count: (part: Unexplained) => number): number =>
    parts.reduce((total, part) => total + count(part), 0);
  const changedIds = sum((part) => part.changedIds ?? 0);
  const paidTwice = sum((part) => part.paidTwice ?? 0);
  return {
    missing: sum((part) => part.missing),
    duplicates: sum((part) => part.duplicates),
    unknown: sum((part) => part.unknown),
    unknownIds: parts.flatMap(({ unknownIds }) => unknownIds).slice(0, MOST_IDS),
    unreadable: sum((part) => part.unreadable),
    ...(changedIds > 0 && { changedIds }),
    ...(paidTwice > 0 && { paidTwice }),
  };
}
