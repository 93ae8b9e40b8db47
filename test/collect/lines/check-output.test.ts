import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkOutput } from '../../../src/collect/lines/check-output.ts';
import type { AnsweredLine } from '../../../src/checkpoints/result-line.ts';
import { compileSchema } from '../../../src/output/compile-schema.ts';

const REVIEW = {
  type: 'object',
  properties: {
    sentiment: { enum: ['good', 'bad'] },
    scores: { type: 'array', items: { type: 'integer', minimum: 1 } },
    at: { type: 'string', format: 'date' },
  },
  required: ['sentiment'],
  additionalProperties: false,
};

const usage = { total_tokens: 3 };
const lineOf = (text: string | null): AnsweredLine => ({
  custom_id: 'q1',
  ok: true,
  text,
  finish_reason: 'stop',
  model: 'm',
  usage,
  body: { cost: 1 },
  round: 2,
});

function check(text: string | null, schema: object = REVIEW, end?: 'truncated' | 'refused'): unknown {
  return checkOutput(lineOf(text), text === null ? [] : [text], end, compileSchema(schema));
}

describe('an answer that must match a schema', () => {
  test('is written as JSON instead of text', () => {
    const line = check(' {"sentiment": "good", "scores": [1, 2]}\n');

    expect(JSON.stringify(line)).toBe(
      '{"custom_id":"q1","ok":true,"output":{"sentiment":"good","scores":[1,2]},"finish_reason":"stop",' +
        '"model":"m","usage":{"total_tokens":3},"body":{"cost":1},"round":2}',
    );
  });

  test('may have numbers that are too large for a double', () => {
    const schema = { type: 'object', properties: { n: { type: 'number', minimum: 5 } }, required: ['n'] };

    expect(JSON.stringify(check('{"n":1e400}', schema))).toContain('"output":{"n":1e400}');
    expect(JSON.stringify(check(`{"n":${'9'.repeat(400)}}`, schema))).toContain('9'.repeat(400));
    expect(check('{"n":-1E+400}', schema)).toMatchObject({ error: { path: '/n' } });
  });

  test('may be any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(check(text, {})).toMatchObject({ ok: true, output: JSON.parse(text) as unknown });
      }),
    );
  });

  test.each([
    ['{"sentiment":"odd"}', '/sentiment', 'must be equal to one of the allowed values: "good", "bad"'],
    ['{"sentiment":"good","scores":[1,0]}', '/scores/1', 'must be >= 1'],
    ['{"sentiment":"good","at":"soon"}', '/at', 'must match format "date"'],
    ['{}', '', "must have required property 'sentiment'"],
    ['{"sentiment":"good","more":1}', '', 'must NOT have additional properties ("more")'],
  ])('that does not match has an error with the place and the reason: %s', (text, path, message) => {
    expect(check(text)).toEqual({
      custom_id: 'q1',
      ok: false,
      outcome: 'invalid_output',
      error: { code: 'INVALID_OUTPUT', message: `${path === '' ? 'The answer' : path} ${message}`, path },
      retry: true,
      text,
      finish_reason: 'stop',
      model: 'm',
      usage,
      body: { cost: 1 },
      round: 2,
    });
  });

  test.each([
    ['OUTPUT_NOT_JSON', 'Sure! {"sentiment":"good"}', undefined, true],
    ['OUTPUT_NOT_JSON', null, undefined, true],
    ['OUTPUT_NOT_JSON', '```json\n{}\n```', undefined, true],
    ['OUTPUT_TRUNCATED', '{"sentiment":"go', 'truncated' as const, true],
    ['OUTPUT_REFUSED', null, 'refused' as const, false],
  ])('is %s if it is %j', (code, text, end, retry) => {
    expect(check(text, REVIEW, end)).toMatchObject({
      outcome: 'invalid_output',
      error: { code, path: '' },
      retry,
    });
  });

  test('matches with any finish reason', () => {
    expect(check('{"sentiment":"good"}', REVIEW, 'truncated')).toMatchObject({ ok: true });
  });
});

describe('a schema', () => {
  test.each([
    [{ $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] }, '[5]', false],
    [{ prefixItems: [{ type: 'string' }] }, '[5]', false],
    [{ $defs: { a: { type: 'null' } }, $ref: '#/$defs/a' }, 'null', true],
    [{ 'x-unknown': 1 }, '5', true],
  ])('%j is read as JSON: %s', (schema, text, ok) => {
    expect(check(text, schema)).toMatchObject({ ok });
  });

  test.each([
    [{ type: 'strange' }, 'type'],
    [{ $ref: 'https://example.com/schema.json' }, "can't resolve reference"],
    [{ $async: true }, '$async'],
    [{ pattern: '(' }, 'Invalid regular expression'],
  ])('%j is refused', (schema, why) => {
    expect(() => compileSchema(schema)).toThrow(why);
    expect(() => compileSchema(schema)).toThrow(expect.objectContaining({ name: 'InvalidRequest' }) as Error);
  });
});
