import { roundKey, type RoundRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** `round-<r>.late.json`: whether what is stored of the provider's files may not be all there is. */
export interface Late {
  readonly isLate: boolean;
  /** Files whose download takes several calls of the step, by name. */
  readonly downloads?: Readonly<Record<string, Download>> | undefined;
}

/** How far a file is in the store. */
export interface Download {
  readonly fileId: string;
  /** Bytes of its parts, in order: the first one is under the file's own key. */
  readonly parts: readonly number[];
  /** What the provider's answers say of the whole: its length, and its ETag or date. */
  readonly length?: number | undefined;
  readonly mark?: string | undefined;
  /** Nothing more is downloaded at this look; `promised` is its length by the file object. */
  readonly isWhole?: true | undefined;
  /** That is not because all of it came: the file was not found any more. */
  readonly isGone?: true | undefined;
  readonly promised?: number | undefined;
}

export const lateObject = storedObject<Late, RoundRef>((ref) => roundKey(ref, ref.round, 'late.json'));
