import { expect, test } from 'vitest';
import { builtInDialect, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { build } from './build.ts';

const speaking = (name: DialectName) => ({
  provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect(name) },
});
const jsonl = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

test('a provider that accepts one model per file gets the rows of the first model', async () => {
  const rows = jsonl(
    { custom_id: 'a', prompt: 'x', model: 'one' },
    { custom_id: 'b', prompt: 'x', model: 'two' },
    { custom_id: 'c', prompt: 'x', model: 'one' },
  );

  const strict = await build(rows, { profile: speaking('deepinfra') });
  const mixing = await build(rows, { profile: speaking('parasail') });
  const unknown = await build(rows, { profile: speaking('groq') });

  expect(strict.plan.problems).toMatchObject([{ line: 2, custom_id: 'b', code: 'OTHER_MODEL' }]);
  expect(strict.plan.shards).toMatchObject([{ rows: 3, requests: 2 }]);
  expect(mixing.plan.invalid + unknown.plan.invalid).toBe(0);
});

test('an invalid row does not decide the model of the file', async () => {
  const rows = jsonl({ prompt: 'x', model: 'one', stream: true }, { prompt: 'x', model: 'two' });

  const { plan } = await build(rows, { profile: speaking('deepinfra') });

  expect(plan.problems).toMatchObject([{ line: 1, code: 'STREAM_NOT_SUPPORTED' }]);
});

test('an id that the provider does not accept is refused before anything is sent', async () => {
  const rows = jsonl(
    { custom_id: 'x'.repeat(64), prompt: 'x' },
    { custom_id: 'x'.repeat(65), prompt: 'x' },
    { custom_id: 'Lübeck', prompt: 'x' },
  );

  const doubleword = await build(rows, { profile: speaking('doubleword') });
  const openai = await build(rows, { profile: speaking('openai') });

  expect(doubleword.plan.problems.map(({ line, code }) => [line, code])).toEqual([
    [2, 'INVALID_CUSTOM_ID'],
    [3, 'INVALID_CUSTOM_ID'],
  ]);
  expect(openai.plan.invalid).toBe(0);
});

test('a file has no more texts to embed than the provider accepts', async () => {
  const rows = jsonl(
    { input: ['a', 'b'] },
    { input: 'c' },
    { input: ['d', 'e'] },
    { input: [17, 4, 2026] },
    { input: ['f', 'g', 'h', 'i'] },
  );

  const { plan } = await build(rows, {
    limits: { maxBytes: 100_000, maxRows: 100, maxInputs: 3 },
    profile: { endpoint: '/v1/embeddings' },
  });

  expect(plan.shards.map(({ requests }) => requests)).toEqual([2, 2, 1]);
});
