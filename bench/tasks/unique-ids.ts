import { customId } from '../data/inputs.ts';
import { createUniqueIds } from '../../src/rows/ids/unique-ids.ts';

/** Adds the given number of different ids: `unique-ids <count>`. Fails on a false duplicate. */
const count = Number(process.argv[2]);
const ids = createUniqueIds(0);
for (let row = 0; row < count; row += 1) {
  if (!ids.add(customId(row))) throw new Error(`${customId(row)} was called a duplicate.`);
}
