import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundKey } from '../../../src/checkpoints/keys.ts';
import { clearSuspects } from '../../../src/rows/ids/suspects.ts';
import { toRequestLine } from '../../../src/rows/request-line.ts';
import { createUniqueIds } from '../../../src/rows/ids/unique-ids.ts';
import { createFolderStore } from '../../../src/store/folder-store.ts';
import { build } from '../build.ts';
import { openTempFolder } from '../../support/temp-folder.ts';
import { trials } from '../../support/exhaustive.ts';

const RULES = { endpoint: '/v1/chat/completions', model: 'm', body: {} };

trials(12, 50).test(
  'ids that look like duplicates are compared in the request lines, with any characters',
  async (numRuns) => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    const id = fc.oneof(
      fc.string({ minLength: 1, maxLength: 20 }),
      fc.constant('","method":"POST"'),
      fc.constant('\\"'),
    );

    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { minLength: 1, maxLength: 20 }), fc.nat(19), async (ids, cut) => {
        const lines = ids.map((custom_id, n) =>
          toRequestLine({ value: { custom_id, prompt: 'x' }, ordinal: n + 1 }, RULES),
        );
        const sent = lines.slice(0, cut).flatMap((line) => ('text' in line ? [line] : []));
        const absent = lines.slice(cut).map(({ customId }) => customId);
        const halves = [sent.slice(0, 3), sent.slice(3)];
        for (const [shard, half] of halves.entries()) {
          await store.put(
            roundKey({ jobId: 'j', shard }, 1, 'requests.jsonl'),
            half.map(({ text }) => text).join(''),
          );
        }
        const suspects = new Set([...sent.map(({ customId }) => customId), ...absent]);

        const innocent = new Set(absent.filter((each) => !sent.some(({ customId }) => customId === each)));
        for (const shard of [0, 1]) await clearSuspects(store, { jobId: 'j', shard }, suspects);
        expect(suspects).toEqual(innocent);
      }),
      { numRuns },
    );
  },
);

test('a row whose id only shares its hash with another is still sent', async () => {
  const rows = ['a', 'b', 'c', 'b'].map((custom_id) => `${JSON.stringify({ custom_id, prompt: 'x' })}\n`);

  const seeds: number[] = [];
  const { plan, lines } = await build(rows.join(''), {
    createIds: (seed) => {
      seeds.push(seed);
      const isFirst = seeds.length === 1;
      const real = createUniqueIds(seed);
      // With the first seed, "c" counts as "a".
      return { ...real, add: (id) => real.add(isFirst && id === 'c' ? 'a' : id) };
    },
  });

  expect(plan).toMatchObject({ rows: 4, invalid: 1, problems: [{ line: 4, code: 'DUPLICATE_CUSTOM_ID' }] });
  expect(await lines(0, 1, 'requests.jsonl')).toHaveLength(3);
  expect(new Set(seeds).size).toBe(2);
});

test('ids that are designed to share a hash do not fail a job, because each build has its own secret seed', async () => {
  const seeds: number[] = [];
  const createIds = (seed: number) => {
    seeds.push(seed);
    // The author of the rows has designed them for the seeds of all builds so far, and for the first 1,000 possible seeds.
    const isKnown = seed < 1_000 || seeds.indexOf(seed) !== seeds.length - 1;
    const real = createUniqueIds(seed);
    return { ...real, add: (id: string) => real.add(isKnown ? 'the same' : id) };
  };
  const rows = ['a', 'b', 'c'].map((custom_id) => `${JSON.stringify({ custom_id, prompt: 'x' })}\n`).join('');

  for (let job = 0; job < 20; job += 1) expect((await build(rows, { createIds })).plan.invalid).toBe(0);

  expect(new Set(seeds).size).toBe(20);
});
