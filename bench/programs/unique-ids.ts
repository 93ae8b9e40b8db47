/** unique-ids.ts <how many>: adds ids, none of them twice. */
import { createUniqueIds } from '../../src/rows/unique-ids.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const ids = createUniqueIds(0);
const count = Number(process.argv[2]);
for (let n = 0; n < count; n += 1) {
  if (!ids.add(`review-${n}`)) throw new Error(`review-${n} is no duplicate.`);
}
