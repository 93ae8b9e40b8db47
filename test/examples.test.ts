import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import config from '../nightshift.config.ts';
import { checkConfig } from '../src/config/check-config.ts';
import { openWorld } from './workflow/world.ts';

const EXAMPLES = join(import.meta.dirname, '..', 'examples');

test.each([
  ['default', 'hanse.jsonl', 10],
  ['default', 'guide.json', 2],
  ['default', 'rows.json', 2],
  ['classify', 'reviews.csv', 4],
  ['summarize', 'articles.jsonl', 2],
  ['embeddings', 'texts.txt', 3],
  ['embeddings', 'texts.txt.gz', 3],
])('the profile %s answers every row of examples/%s', async (profile, file, rows) => {
  const world = await openWorld({ config: checkConfig(config) });

  const { summary, results } = await world.run(readFileSync(join(EXAMPLES, file)), {
    name: basename(file),
    profile,
    provider: 'simulator',
  });

  expect(summary).toMatchObject({ status: 'succeeded', profile, rows, counts: { ok: rows } });
  expect(results.every((line) => line.ok && (line.output ?? line.text ?? line.embedding) !== undefined)).toBe(
    true,
  );
});

test('a table with one question per line needs only a template', async () => {
  const world = await openWorld();

  const { summary } = await world.run(readFileSync(join(EXAMPLES, 'questions.tsv')), {
    name: 'questions.tsv',
    prompt: 'Answer briefly: {{question}}',
  });

  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
});
