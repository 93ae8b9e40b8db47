import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from '../../src/pace.ts';
import { joinObjects } from '../../src/store/join-objects.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const NO_TIME = { isShort: () => true, isOver: () => false };

test('objects are joined in their order, in one call or in several', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), fc.integer({ min: 2, max: 5 }), async (contents, atOnce) => {
      const store = createMemoryStore(100);
      const sources = contents.map((_, n) => `s-${n}`);
      for (const [n, content] of contents.entries()) await store.put(`s-${n}`, content);
      const join = { key: 'all', sources, part: (n: number | 'all') => `part-${n}` };
      let calls = 1;
      while (!(await joinObjects(store, join, new Pace(NO_TIME), atOnce))) calls += 1;
      expect((await store.get('all'))?.toString('utf8')).toBe(contents.join(''));
      expect(calls).toBe(sources.length <= atOnce ? 1 : Math.ceil(sources.length / atOnce) + 1);
      // A repeated call has nothing left to do.
      expect(await joinObjects(store, join, new Pace(NO_TIME), atOnce)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
