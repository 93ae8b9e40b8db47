import { customId } from '../data/inputs.ts';

/** Adds the given number of ids to a Set: `set-of-ids <count>`. */
const count = Number(process.argv[2]);
const ids = new Set<string>();
for (let row = 0; row < count; row += 1) ids.add(customId(row));
if (ids.size !== count) throw new Error('An id was called a duplicate.');
