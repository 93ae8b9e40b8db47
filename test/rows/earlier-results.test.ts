import { expect, test } from 'vitest';
import { resultsKey } from '../../src/checkpoints/keys.ts';
import { EarlierResults } from '../../src/rows/earlier-results.ts';
import { countOpen } from '../support/count-open.ts';
import { createMemoryStore } from '../support/memory-store.ts';

test.each([0, 1, 3])(
  'the results of a retried job are closed after %i of three rows were read',
  async (rows) => {
    const { store, open } = countOpen(createMemoryStore(1_000));
    await store.put(resultsKey('first'), '{"custom_id":"a","ok":true}\n'.repeat(3));
    {
      await using earlier = new EarlierResults(store, 'first');
      for (let row = 0; row < rows; row += 1) expect(await earlier.next()).toBe('ok');
    }
    expect(open()).toEqual([]);
  },
);
