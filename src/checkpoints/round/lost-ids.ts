import { roundKey, type RoundRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** `round-<r>.lost.json`: ids of rows that the next round sends again because their result lines could not be read. */
export const lostIdsObject = storedObject<readonly string[], RoundRef>((ref) =>
  roundKey(ref, ref.round, 'lost.json'),
);
