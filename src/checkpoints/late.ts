import { roundKey, type RoundRef } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** `round-<r>.late.json`: whether what is stored of the provider's files may not be all there is. */
interface Late {
  readonly isLate: boolean;
}

export const lateObject = storedObject<Late, RoundRef>((ref) => roundKey(ref, ref.round, 'late.json'));
