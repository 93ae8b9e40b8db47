import type { Collected } from './collected.ts';
import type { ErrorCount, ModelUsage } from '../counts.ts';
import { roundKey, type RoundRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** Files that a round is written into. */
export const WRITTEN_FILES = ['results', 'deadLetters', 'nextRequests'] as const;

export type WrittenFile = (typeof WRITTEN_FILES)[number];

/** Bytes of the parts of each file, in order: the first one is under the file's own key. */
export type WrittenParts = Readonly<Record<WrittenFile, readonly number[]>>;

/** How much of a round is written. */
export interface WrittenRows {
  /** The facts on which the outcomes of the rows depend. If they have changed, the next call writes all rows again. */
  readonly basis: string;
  /** Number of requests whose outcome is written, and the bytes of their lines. */
  readonly rows: number;
  readonly requestBytes: number;
  readonly parts: WrittenParts;
  readonly totals: Readonly<Record<'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'deferred', number>>;
  readonly models: readonly ModelUsage[];
  readonly errors: readonly ErrorCount[];
  /** Rows that the next round sends again because their lines cannot be read. */
  readonly lost: { readonly again: readonly string[]; readonly brokenAgain: number };
}

/**
 * `round-<r>.writing.json`: the progress of writing a round in several calls of the step. `collected` is set once every row is
 * written, and only the shard's rounds are left to join.
 */
export interface Writing {
  readonly written?: WrittenRows;
  readonly collected?: Collected;
}

export const writingObject = storedObject<Writing, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'writing.json'),
);
