import { customId } from '../data/inputs.ts';
import { createUniqueIds } from '../../src/rows/ids/unique-ids.ts';

/** Takes in so many ids that are all different: `unique-ids <count>`. A false duplicate is an error. */
const count = Number(process.argv[2]);
const ids = createUniqueIds(0);
for (let row = 0; row < count; row += 1) {
  if (!ids.add(customId(row))) throw new Error(`${customId(row)} was called a duplicate.`);
}
