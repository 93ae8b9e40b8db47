import { expect, test } from 'vitest';
import { surveyRows } from '../../../src/report/survey/survey-rows.ts';
import { createFolderStore } from '../../../src/store/folder-store.ts';
import { openTempFolder } from '../../support/temp-folder.ts';

const ROWS = 6_000;
const isBad = (n: number): boolean => n === 1 || n === 5_000 || n === 5_999;
const error = { code: 'X', message: 'no' };
const bad = (n: number): object => ({
  custom_id: `row-${n}`,
  outcome: 'failed',
  error,
  retry: false,
  round: 1,
});

test('of results that are too large for a page, every row that is not ok is listed with its request', async () => {
  const store = createFolderStore(await openTempFolder());
  const lines = Array.from({ length: ROWS }, (_, n) =>
    isBad(n)
      ? { ...bad(n), ok: false }
      : { custom_id: `row-${n}`, ok: true, text: 'x'.repeat(1_000), round: 1 },
  );
  const text = (objects: readonly object[]): string =>
    objects.map((each) => `${JSON.stringify(each)}\n`).join('');
  await store.put('results.jsonl', text(lines));
  const letters = [1, 5_000, 5_999].map((n) => ({ ...bad(n), body: { prompt: `question ${n}` } }));
  await store.put('dead-letters.jsonl', text(letters));
  const counts = {
    ok: ROWS - 3,
    failed: 3,
    expired: 0,
    cancelled: 0,
    exhausted: 0,
    invalid: 0,
    invalid_output: 0,
  };

  const survey = await surveyRows(
    { store, clock: { now: () => 0 } },
    { rows: ROWS, results: 'results.jsonl', deadLetters: 'dead-letters.jsonl', counts },
    undefined,
    1_000,
  );

  expect(survey.seen).toBeGreaterThan(3_000);
  expect(survey.seen).toBeLessThan(5_000);
  expect(survey.sample.length).toBeGreaterThan(90);
  expect(survey.allNotable).toBe(3);
  expect(survey.notable.map(({ customId, asked }) => [customId, asked])).toEqual([
    ['row-1', undefined],
    ['row-5000', 'question 5000'],
    ['row-5999', 'question 5999'],
  ]);
});
