import { roundKey, type RoundRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** `round-<r>.late.json`: whether the stored provider files may be incomplete. */
export interface Late {
  readonly isLate: boolean;
  /** Files whose download takes several calls of the step, by name. */
  readonly downloads?: Readonly<Record<string, Download>> | undefined;
}

/** How much of a file is in the store. */
export interface Download {
  readonly fileId: string;
  /** Sizes of its parts in bytes, in order. The first part is under the file's own key. */
  readonly parts: readonly number[];
  /** Length and ETag or date of the whole file, as the provider's answers report them. */
  readonly length?: number | undefined;
  readonly mark?: string | undefined;
  /** Set once nothing more is downloaded in this look; `promised` is the length that the file object reports. */
  readonly isWhole?: true | undefined;
  /** Set if the file was no longer found before all of it arrived. */
  readonly isGone?: true | undefined;
  readonly promised?: number | undefined;
}

export const lateObject = storedObject<Late, RoundRef>((ref) => roundKey(ref, ref.round, 'late.json'));
