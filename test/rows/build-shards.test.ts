import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { build } from './build.ts';
import { trials } from '../support/exhaustive.ts';

const row = (custom_id: string, prompt = 'hi'): string => JSON.stringify({ custom_id, prompt });
const idOf = (line: string): string => (JSON.parse(line) as { custom_id: string }).custom_id;

describe('shards', () => {
  trials(12, 50).test(
    'have every row exactly once, in order, and never more than a file may have',
    async (numRuns) => {
      const rows = fc.array(
        fc.oneof(
          fc.nat({ max: 300 }).map((length) => 'é'.repeat(length + 1)),
          fc.constant('invalid'),
        ),
        { minLength: 1, maxLength: 40 },
      );
      const limits = fc.record({
        maxBytes: fc.integer({ min: 800, max: 2_000 }),
        maxRows: fc.integer({ min: 1, max: 7 }),
      });
      await fc.assert(
        fc.asyncProperty(rows, limits, async (prompts, caps) => {
          const input = prompts
            .map((prompt, n) => (prompt === 'invalid' ? '{"broken' : row(`q${n}`, prompt)))
            .join('\n');
          const { plan, lines } = await build(input, { limits: caps });

          const ids: string[] = [];
          for (const [shard, { requests, bytes, rows: count, invalid }] of plan.shards.entries()) {
            const sent = await lines(shard, 1, 'requests.jsonl');
            const decided = await lines(shard, 0, 'results.jsonl');
            expect(sent.length).toBe(requests);
            expect(requests).toBeLessThanOrEqual(caps.maxRows);
            expect(Buffer.byteLength(sent.map((line) => `${line}\n`).join(''))).toBe(bytes);
            expect(bytes).toBeLessThanOrEqual(caps.maxBytes);
            expect(decided.length).toBe(invalid === 0 ? 0 : count);
            expect((await lines(shard, 0, 'dead-letters.jsonl')).map((line) => line === '')).toEqual(
              decided.map((line) => line === ''),
            );
            const next = sent.map(idOf);
            ids.push(
              ...(invalid === 0
                ? next
                : decided.map((line) => (line === '' ? (next.shift() ?? '') : idOf(line)))),
            );
          }
          expect(ids).toEqual(
            prompts.map((prompt, n) =>
              prompt === 'invalid' ? `row-${String(n + 1).padStart(8, '0')}` : `q${n}`,
            ),
          );
          expect(plan.rows).toBe(prompts.length);
          expect(plan.invalid).toBe(prompts.filter((prompt) => prompt === 'invalid').length);
        }),
        { numRuns },
      );
    },
  );

  test('are the same bytes if they are built again', async () => {
    const input = [row('a'), 'broken', row('b'), row('a')].join('\n');
    const [first, second] = [await build(input), await build(input)];

    expect(second.plan).toEqual(first.plan);
    for (const file of ['results.jsonl', 'dead-letters.jsonl'] as const) {
      expect(await second.lines(0, 0, file)).toEqual(await first.lines(0, 0, file));
    }
    expect(await second.lines(0, 1, 'requests.jsonl')).toEqual(await first.lines(0, 1, 'requests.jsonl'));
  });

  test('without an invalid row have no round 0', async () => {
    const { lines } = await build(row('a'));

    expect(await lines(0, 0, 'results.jsonl')).toEqual([]);
  });
});

describe('an invalid row', () => {
  test('is reported with its line, code and id, and is listed in the plan', async () => {
    const { plan, lines } = await build(`\n${row('a')}\n${row('a')}\n`);

    expect(plan.problems).toEqual([
      {
        line: 3,
        custom_id: 'a',
        code: 'DUPLICATE_CUSTOM_ID',
        message: 'An earlier row of the file has the same custom_id.',
      },
    ]);
    expect(JSON.parse((await lines(0, 0, 'results.jsonl'))[1] ?? '')).toMatchObject({
      custom_id: 'a',
      ok: false,
      outcome: 'invalid',
      error: { code: 'DUPLICATE_CUSTOM_ID', line: 3 },
      retry: false,
      round: 0,
    });
  });

  test.each([
    ['INVALID_UTF8', Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from([0xff]), Buffer.from('"}')])],
    ['INVALID_JSON', Buffer.from('{"prompt":')],
    ['NOT_AN_OBJECT', Buffer.from('"text"')],
    ['ROW_TOO_LARGE', Buffer.from(row('big', 'x'.repeat(2_500)))],
    ['ROW_TOO_LARGE', Buffer.from(row('big', 'x'.repeat(1_950)))],
  ])('of code %s does not stop the others', async (code, bad) => {
    const input = Buffer.concat([Buffer.from(`${row('a')}\n`), bad, Buffer.from(`\n${row('b')}`)]);

    const { plan, lines } = await build(input, { limits: { maxBytes: 2_000, maxRows: 10 } });

    expect(plan.problems).toMatchObject([{ line: 2, code }]);
    expect((await lines(0, 1, 'requests.jsonl')).map(idOf)).toEqual(['a', 'b']);
  });

  test('can be corrected in the dead letters and dropped again', async () => {
    const { lines } = await build([row('ok'), row('ok', 'twice'), '{"broken'].join('\n'));
    const letters = (await lines(0, 0, 'dead-letters.jsonl')).filter((line) => line !== '');
    const corrected = letters.map((line) => {
      const { raw, ...letter } = JSON.parse(line) as Record<string, unknown>;
      return JSON.stringify(
        raw === undefined ? { ...letter, custom_id: 'other' } : { ...letter, prompt: raw },
      );
    });

    const { plan } = await build(corrected.join('\n'));

    expect(plan).toMatchObject({ rows: 2, invalid: 0 });
  });
});

describe('a table with a header and no rows', () => {
  test.each([
    ['a.csv', 'id;review\r\n', 'a.csv has a header and no rows below it.'],
    ['a.tsv', 'id\treview', 'a.tsv has a header and no rows below it.'],
    ['a.csv', 'id,review\n,\n , \n', 'a.csv has a header and no rows below it but 2 rows without any value.'],
    ['a.csv', '\n\n', 'a.csv has no rows: it is empty.'],
    ['a.jsonl', '\n', 'a.jsonl has no rows: it is empty.'],
  ])('is not reported as empty: %s, %j', async (name, content, message) => {
    const { plan } = await build(content, { name, profile: { prompt: '{{review}}' } });

    expect(plan.failure).toMatchObject({ name: 'InvalidInput', message });
  });
});

describe('a plan', () => {
  test.each([
    ['an empty file', '', false, 'rows.jsonl has no rows: it is empty.'],
    [
      'no valid row',
      'x\ny',
      false,
      'rows.jsonl has no valid row. line 1: The row is not valid JSON. [INVALID_JSON];',
    ],
    [
      'an invalid row, when strict',
      `${row('a')}\nx`,
      true,
      '1 of 2 rows of rows.jsonl are invalid and the job is strict',
    ],
  ])('with %s means that nothing may be sent', async (_, input, strict, message) => {
    const { plan } = await build(input, { strict });

    expect(plan.failure).toMatchObject({ name: 'InvalidInput', message: expect.stringContaining(message) });
  });

  test.each([
    [
      'rows.docx',
      'a,b',
      /rows\.docx: \.docx is not an input format\. Known: \.jsonl, .*\.txt, \.xlsx, \.parquet, each also with \.gz\./,
    ],
    ['rows', 'x', /no extension/],
    ['rows.jsonl', '{\n  "q0": "x"\n}', /one JSON document/],
    ['rows.jsonl', '[{"prompt":"x"}]', /one JSON document/],
    ['rows.json', `{\n"prompt": "x"\n}\n${row('b')}`, /holds several JSON values one after the other/],
    ['rows.json', `{"rows":[${row('a')}]}`, /rows under "rows"\. Expected are an array of rows/],
    ['rows.json', `{"version":1,"data":{"rows":[${row('a')}]}}`, /rows under "data\.rows"\. Expected/],
    ['rows.json', `{"rows":{"a":${row('a')},"b":${row('b')}}}`, /rows under "rows"\. Expected/],
    ['rows.json', '[1,2', /not one JSON array/],
    ['rows.json', '"text"', /not one JSON object/],
    ['rows.json', '{"a":"x","b":', /not one JSON object/],
  ])('cannot be made from %s with the content %j', async (name, input, message) => {
    await expect(build(input, { name })).rejects.toThrowError(message);
  });
});

describe('a budget', () => {
  test.each([
    [
      { maxRows: 2 },
      /rows\.jsonl has 3 rows, more than the 2 of the budget of the profile "default"; nothing was sent/,
    ],
    [{ maxInputTokens: 10 }, /about \d+ input tokens, more than the 10 of the budget/],
  ])('of %j refuses a larger job before anything is sent', async (budget, message) => {
    const { plan } = await build(['a', 'b', 'c'].map((id) => row(id)).join('\n'), { profile: { budget } });

    expect(plan.failure?.message).toMatch(message);
  });

  test('counts the tokens of the texts, not of the JSON; a job within it runs', async () => {
    const budget = { maxRows: 3, maxInputTokens: 20 };
    const { plan } = await build(['a', 'b', 'c'].map((id) => row(id)).join('\n'), { profile: { budget } });

    expect(plan.failure).toBeUndefined();
    expect(plan.inputTokens).toBeGreaterThan(3);
  });
});

describe('an object of prompts', () => {
  test('is read with large values, in chunks of any size', async () => {
    const prompts = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, n) => [`ключ-${n}`, `Grüße ${'🌍'.repeat(n % 60)} \u2028 "${n}"`]),
    );

    const { lines, plan } = await build(`\ufeff${JSON.stringify(prompts, undefined, 2)}`, {
      name: 'guide.JSON',
      limits: { maxBytes: 10_000_000, maxRows: 5_000 },
    });

    expect(plan).toMatchObject({ rows: 3_000, invalid: 0 });
    const sent = (await lines(0, 1, 'requests.jsonl')).map(
      (line) => JSON.parse(line) as { custom_id: string; body: { messages: { content: string }[] } },
    );
    expect(
      Object.fromEntries(sent.map(({ custom_id, body }) => [custom_id, body.messages[0]?.content])),
    ).toEqual(prompts);
  });

  test('may contain rows, and a repeated name is a duplicate', async () => {
    const { plan } = await build('{"a":{"prompt":"x","temperature":0},"b":"y","a":"z","c":5}', {
      name: 'x.json',
    });

    expect(plan).toMatchObject({ rows: 4, invalid: 2 });
    expect(plan.problems.map(({ line, code }) => [line, code])).toEqual([
      [3, 'DUPLICATE_CUSTOM_ID'],
      [4, 'NO_PROMPT'],
    ]);
  });
});
