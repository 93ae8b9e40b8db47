/** set-of-ids.ts <how many>: what `unique-ids.ts` does, with a Set of strings. */
import { tellUsage } from './tell-usage.ts';

tellUsage();

const ids = new Set<string>();
const count = Number(process.argv[2]);
for (let n = 0; n < count; n += 1) {
  const id = `review-${n}`;
  if (ids.has(id)) throw new Error(`${id} is no duplicate.`);
  ids.add(id);
}
