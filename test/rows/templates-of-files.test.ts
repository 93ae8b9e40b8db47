import { describe, expect, test } from 'vitest';
import { build } from './build.ts';

const CSV = 'id,review\n1,fine\n2,good\n';
const JSONL = '{"custom_id":"1","review":"fine"}\n{"custom_id":"2","review":"good"}\n';

describe('a prompt that names no column', () => {
  test.each([
    ['a.csv', CSV],
    ['a.jsonl', JSONL],
    ['a.json', `[${JSONL.trim().replace('\n', ',')}]`],
  ])('is refused before anything is sent, with the columns of %s', async (name, content) => {
    await expect(build(content, { name, profile: { prompt: 'Label this' } })).rejects.toThrow(
      /^The prompt names no column of .*, so every row would ask the same\. Name a column in double braces, such as \{\{\w+\}\}\. Its columns: .*"review"\.$/,
    );
  });

  test.each(['a.csv', 'a.jsonl'])('gets a hint for single braces: %s', async (name) => {
    const content = name === 'a.csv' ? CSV : JSONL;
    await expect(build(content, { name, profile: { prompt: 'Review: { review }' } })).rejects.toThrow(
      'It has { review }: write {{review}}, with double braces.',
    );
  });

  test.each([
    ['Review: {{review}', '{{review}'],
    ['Review: {review}}', '{review}}'],
    ['Review: {{{review}', '{{{review}'],
    ['Review: ${Review}', '{Review}'],
    ['Answer {"label": "x"} about { review }.', '{ review }'],
  ])('gets a hint for braces that are not double: %s', async (prompt, written) => {
    await expect(build(CSV, { name: 'a.csv', profile: { prompt } })).rejects.toThrow(
      `It has ${written}: write {{review}}, with double braces.`,
    );
  });

  test('is refused for lines of text, too', async () => {
    await expect(
      build('one\ntwo\n', { name: 'a.txt', profile: { prompt: 'Answer {prompt}' } }),
    ).rejects.toThrow('write {{prompt}}');
  });

  test('is allowed for rows with their own messages', async () => {
    const rows = '{"messages":[{"role":"user","content":"x"}]}\n';
    const { plan } = await build(rows, { profile: { prompt: 'unused' } });
    expect(plan).toMatchObject({ rows: 1, invalid: 0 });
  });
});

test('single braces beside a column are sent unchanged and reported', async () => {
  const profile = { prompt: '{{review}} as {id}', system: 'Answer {"label": "good"}' };
  const { plan } = await build(CSV, { name: 'a.csv', profile });

  expect(plan.inputs?.[0]?.notices).toEqual([
    'The prompt has {id}, which is sent as it is; {{id}}, with double braces, is filled in from the column.',
  ]);
});

describe('an error of the profile', () => {
  test.each([
    [{ model: undefined }, '{"prompt":"x"}\n{"prompt":"y"}\n', 'No model: name one', 'MISSING_MODEL'],
    [{ prompt: '{{reviw}}' }, JSONL, 'The row has no "reviw". Did you mean "review"?', 'MISSING_COLUMN'],
    [
      { prompt: '{{review}}', system: 'Be brief', endpoint: '/v1/embeddings' },
      JSONL,
      'takes no system message',
      'NO_PROMPT',
    ],
  ])('is reported once and not as an error in the file: %j', async (profile, rows, message, code) => {
    const { plan } = await build(rows, { name: 'a.jsonl', profile });

    expect(plan.failure).toMatchObject({ name: 'InvalidRequest' });
    expect(plan.failure?.message).toContain(message);
    expect(plan.failure?.message.split(code)).toHaveLength(2);
  });
});

test('a misspelt field is refused with a suggestion', async () => {
  const { plan } = await build('{"promt":"x"}\n{"prompt":"x","temprature":1}\n{"prompt":"x"}\n');

  expect(plan.problems.map(({ message }) => /Did you mean "(\w+)"/.exec(message)?.[1])).toEqual([
    'prompt',
    'temperature',
  ]);
});
