import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedText } from '../../../src/report/survey/asked-text.ts';
import { NumberSurvey } from '../../../src/report/survey/number-survey.ts';
import { RowSurvey } from '../../../src/report/survey/row-survey.ts';
import type { NotOkLine, OkLine, ResultLine } from '../../../src/checkpoints/result-line.ts';

const ok = (n: number, line: Partial<OkLine> = {}): OkLine => ({
  custom_id: `q${n}`,
  ok: true,
  text: `answer ${n}`,
  finish_reason: 'stop',
  round: 1,
  ...line,
});
const failed = (n: number): NotOkLine => ({
  custom_id: `q${n}`,
  ok: false,
  outcome: 'failed',
  error: { code: 'NO', message: `because ${n}` },
  retry: false,
  round: 1,
});

function surveyed(lines: readonly ResultLine[], schema?: Record<string, unknown>) {
  const survey = new RowSurvey(schema && { output: { schema, retry: false } }, lines.length);
  for (const [n, line] of lines.entries()) survey.add(line, { prompt: `prompt ${n}` });
  return survey.result();
}

describe('the rows of a report', () => {
  test('are shown with their requests', () => {
    const { sample } = surveyed([ok(0), failed(1)]);

    expect(sample).toEqual([
      { customId: 'q0', outcome: 'ok', answer: 'answer 0', asked: 'prompt 0' },
      { customId: 'q1', outcome: 'failed', answer: 'NO: because 1', asked: 'prompt 1' },
    ]);
  });

  test('that need a look are all listed, and those cut off or refused are among them', () => {
    const lines = [
      ok(0),
      failed(1),
      ok(2, { finish_reason: 'length' }),
      ok(3, { text: null, refusal: 'No.' }),
    ];

    const { notable, allNotable, truncated, refused } = surveyed(lines);

    expect(notable.map(({ customId, outcome, answer }) => [customId, outcome, answer])).toEqual([
      ['q1', 'failed', 'NO: because 1'],
      ['q2', 'truncated', 'answer 2'],
      ['q3', 'refused', 'No.'],
    ]);
    expect({ allNotable, truncated, refused }).toEqual({ allNotable: 3, truncated: 1, refused: 1 });
  });

  test('that need a look are bounded, by rows and by bytes', () => {
    const many = surveyed(Array.from({ length: 5_000 }, (_, n) => failed(n)));
    const long = surveyed(
      Array.from({ length: 5_000 }, (_, n): ResultLine => ({
        ...failed(n),
        error: { code: 'NO', message: '&'.repeat(2_000) },
      })),
    );

    expect(many).toMatchObject({ allNotable: 5_000, notable: { length: 1_000 } });
    expect(long.allNotable).toBe(5_000);
    expect(Buffer.byteLength(JSON.stringify(long.notable))).toBeLessThan(500_000);
  });

  test('are sampled evenly in any number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), (count) => {
        const { sample } = surveyed(Array.from({ length: count }, (_, n) => ok(n)));
        const places = sample.map(({ customId }) => Number(customId.slice(1)));

        expect(places).toHaveLength(Math.min(count, 96));
        expect(places[0]).toBe(0);
        const gaps = places.slice(1).map((place, n) => place - (places[n] ?? 0));
        expect(Math.max(0, ...gaps) - Math.min(Infinity, ...gaps)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the values of structured answers', () => {
  const SCHEMA = {
    type: 'object',
    properties: {
      label: { enum: ['good', 'bad', 3] },
      sure: { type: ['boolean', 'null'] },
      score: { type: 'number' },
      note: { type: 'string' },
    },
  };

  test('are counted for every enum, boolean and number', () => {
    const answers = [
      { label: 'good', sure: true, score: 1, note: 'a' },
      { label: 'good', sure: null, score: 3 },
      { label: 3, sure: false },
      { label: 'other', score: 8 },
    ];

    const { fields } = surveyed(
      answers.map((output, n) => ok(n, { text: null, output })),
      SCHEMA,
    );

    expect(fields).toMatchObject([
      {
        name: 'label',
        without: 1,
        values: [
          ['good', 2],
          ['bad', 0],
          ['3', 1],
        ],
      },
      {
        name: 'sure',
        without: 2,
        values: [
          ['true', 1],
          ['false', 1],
        ],
      },
      { name: 'score', without: 1, numbers: { count: 3, least: 1, most: 8, mean: 4, median: 3 } },
    ]);
  });

  test('are left out if no answer is structured', () => {
    expect(surveyed([ok(0), failed(1)], SCHEMA).fields).toEqual([]);
  });
});

describe('vectors', () => {
  test('of vectors are dimensions and norms, from numbers or base64', () => {
    const base64 = Buffer.from(Float32Array.from([3, 4]).buffer).toString('base64');
    const lines = [
      ok(0, { text: undefined as never, embedding: [3, 4] }),
      ok(1, { text: undefined as never, embedding: base64 }),
      ok(2, {
        text: undefined as never,
        embeddings: [
          [1, 0, 0],
          [0, 1],
        ],
      }),
    ];

    expect(surveyed(lines).vectors).toMatchObject({
      count: 4,
      dimensions: [
        [2, 3],
        [3, 1],
      ],
      norms: { count: 4, least: 1, most: 5 },
    });
  });
});

test('numbers have the same statistics as in a plain calculation', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 1,
        maxLength: 200,
      }),
      (numbers) => {
        const survey = new NumberSurvey();
        for (const number of numbers) survey.add(number);
        // Turns -0 into 0, because the page shows both as 0.
        const sorted = numbers.map((number) => number + 0).toSorted((a, b) => a - b);

        const result = survey.result();

        expect(result).toMatchObject({ count: numbers.length, least: sorted[0], most: sorted.at(-1) });
        expect(result?.median).toBe(sorted[Math.floor((sorted.length - 1) / 2)]);
        expect(result?.mean).toSatisfy(Number.isFinite);
        expect(result?.bins.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
      },
    ),
  );
});

test('the memory of a number survey does not grow with the numbers', () => {
  const survey = new NumberSurvey();
  for (let n = 0; n < 1_000_000; n += 1) survey.add(n % 1_000);

  const { count, median = 0 } = survey.result() ?? {};

  expect(count).toBe(1_000_000);
  expect(Math.abs(median - 500)).toBeLessThan(25);
});

test.each([
  [undefined, { prompt: 'p' }, 'p'],
  [
    undefined,
    {
      messages: [
        { role: 'user', content: 'first' },
        { role: 'user', content: 'last' },
      ],
    },
    'last',
  ],
  [
    undefined,
    { body: { messages: [{ content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] }] } },
    'a',
  ],
  [undefined, { input: ['a', 'b'] }, '["a","b"]'],
  [undefined, { text: 'x', n: 1 }, '{"text":"x","n":1}'],
  [undefined, {}, ''],
  ['Say {{text}}!', { text: 'x' }, 'Say x!'],
  ['Say {{text}}!', { other: 'x' }, '{"other":"x"}'],
  ['Say {{text}}!', { text: 'x', messages: [{ content: 'own' }] }, 'own'],
])('with the prompt %j, the report shows %j as %j', (prompt, fields, asked) => {
  expect(askedText({ prompt })(fields)).toBe(asked);
});
