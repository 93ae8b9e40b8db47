import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowCounts } from '../../simulator/row-counts.ts';
import { openTempFolder } from '../support/temp-folder.ts';

type Change = 'attempt' | 'answer' | 'save' | 'restart';

test('rows are counted as in a map, over any saves and restarts', async () => {
  const folder = await openTempFolder();
  const change = fc.tuple(
    fc.constantFrom<Change>('attempt', 'answer', 'save', 'restart'),
    fc.constantFrom('a', 'b', '__proto__', 'a"\n', 'ü🙂', ''),
  );
  let run = 0;
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const path = join(folder, `${(run += 1)}.jsonl`);
      let counts = new RowCounts(path);
      const attempts = new Map<string, number>();
      const answers = new Map<string, number>();
      for (const [what, id] of changes) {
        if (what === 'attempt') {
          const nth = (attempts.get(id) ?? 0) + 1;
          attempts.set(id, nth);
          expect(counts.countAttempt(id)).toBe(nth);
        }
        if (what === 'answer') {
          answers.set(id, (answers.get(id) ?? 0) + 1);
          counts.countAnswer(id);
        }
        if (what === 'save' || what === 'restart') counts.save();
        if (what === 'restart') counts = new RowCounts(path);
      }

      expect(counts.answersPerRow()).toEqual(answers);
    }),
  );
});

test('counts that were not saved are lost by a restart, as the batch that had them', async () => {
  const path = join(await openTempFolder(), 'rows.jsonl');
  const counts = new RowCounts(path);
  counts.countAttempt('a');
  counts.save();
  counts.countAttempt('a');

  expect(new RowCounts(path).countAttempt('a')).toBe(2);
});

test('answers cannot be read once the file is deleted, instead of seeming to be none', async () => {
  const path = join(await openTempFolder(), 'rows.jsonl');
  const counts = new RowCounts(path);
  counts.countAnswer('a');
  counts.save();
  await rm(path);

  expect(() => counts.answersPerRow()).toThrow('were deleted');
});
