import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExact } from '../../src/exact-json.ts';
import { toMessageRequest } from '../../src/provider/adapters/anthropic-request.ts';
import { readJsonText } from '../../src/rows/formats/json-lines.ts';
import { invalidDeadLetter } from '../../src/rows/dead-letter.ts';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';
import { compileTemplate } from '../../src/rows/template.ts';
import { createRequests } from '../../src/steps/create-requests.ts';
import { jsonTexts, numberTexts } from '../support/json-text.ts';
import { build } from './build.ts';

const CHAT: RequestRules = { endpoint: '/v1/chat/completions', model: 'm', body: {} };
const TEMPLATE: RequestRules = { ...CHAT, prompt: compileTemplate('<{{v}}>') };
const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';

/** The request line of a row that the rules make. */
function slow(row: string, rules: RequestRules): string {
  const read = readJsonText(row);
  if (!('value' in read)) throw new Error(read.message);
  const request = toRequestLine({ value: read.value, ordinal: 1 }, rules);
  if ('problem' in request) throw new Error(request.problem.message);
  return request.text;
}

/** The request line of a row that follows another row of the same shape. */
function fast(row: string, rules: RequestRules): string {
  const requests = createRequests(rules);
  const json = { kind: 'json', line: 1, json: Buffer.from(row) } as const;
  requests.make(json, 1);
  const made = requests.make(json, 1);
  if ('problem' in made) throw new Error(made.problem.message);
  return made.line.toString('utf8');
}

interface Position {
  /** A row that contains the value, and the text that its request line then contains. */
  readonly row: (value: string) => string;
  readonly sent: (value: string) => string;
  readonly rules?: RequestRules;
}

const PLACES: Readonly<Record<string, Position>> = {
  'a parameter beside the prompt': {
    row: (value) => `{"custom_id":"a","prompt":"hi","metadata":${value}}`,
    sent: (value) => `"metadata":${value}`,
  },
  'a field of the body': {
    row: (value) => `{"custom_id":"a","body":{${MESSAGES},"own":${value}}}`,
    sent: (value) => `"own":${value}`,
  },
  'a schema of a tool': {
    row: (value) =>
      `{"custom_id":"a","prompt":"hi","tools":[{"type":"function","function":{"name":"f","parameters":{"const":${value}}}}]}`,
    sent: (value) => `"parameters":{"const":${value}}`,
  },
  'a message': {
    row: (value) => `{"messages":[{"role":"user","content":"hi","own":[${value}]}]}`,
    sent: (value) => `"own":[${value}]`,
  },
  'a whole request line': {
    row: (value) =>
      `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"x",${MESSAGES},"own":{"a":${value}}}}`,
    sent: (value) => `"own":{"a":${value}}`,
  },
  'a dead letter': {
    row: (value) =>
      `{"custom_id":"a","body":{${MESSAGES},"own":${value}},"outcome":"failed","error":{"code":"X","line":1.0},"retry":false,"round":1}`,
    sent: (value) => `"own":${value}`,
  },
  'a template': {
    row: (value) => `{"custom_id":"a","v":[${value}]}`,
    sent: (value) => JSON.stringify(`<[${value}]>`),
    rules: TEMPLATE,
  },
};

describe.each(Object.entries(PLACES))('in %s', (_name, { row, sent, rules = CHAT }) => {
  test('a value is sent as it was written, on the slow and the fast path', () => {
    fc.assert(
      fc.property(jsonTexts, (value) => {
        const line = slow(row(value), rules);
        expect(line).toContain(sent(value));
        expect(fast(row(value), rules)).toBe(line);
      }),
    );
  });
});

test.each(['1234567890123456789', '10.10', '1E5', '-0', '1e400'])(
  '{{price}} of %s is inserted unchanged',
  (n) => {
    const rules = { ...CHAT, prompt: compileTemplate('{{price}} {{order.id}}') };
    expect(slow(`{"price":${n},"order.id":"x"}`, rules)).toContain(`"content":"${n} x"`);
  },
);

test('an id that is a number keeps its digits', () => {
  fc.assert(
    fc.property(numberTexts, (id) => {
      for (const name of ['custom_id', 'id'])
        for (const made of [slow, fast])
          expect(made(`{"${name}":${id},"prompt":"hi"}`, CHAT)).toContain(`{"custom_id":"${id}",`);
    }),
  );
});

test('parameters of a profile and of a row keep their digits', () => {
  const body = parseExact('{"seed":9223372036854775807,"top_p":1.0}') as RequestRules['body'];
  expect(slow('{"prompt":"hi","temperature":0.70}', { ...CHAT, body })).toContain(
    '"body":{"seed":9223372036854775807,"top_p":1.0,"messages":[{"role":"user","content":"hi"}],"temperature":0.70,"model":"m"}',
  );
});

test('a row that is a number is not an object, and its dead letter has the number', () => {
  const read = readJsonText('10.10');
  const value = 'value' in read ? read.value : undefined;
  expect(toRequestLine({ value, ordinal: 1 }, CHAT)).toMatchObject({
    problem: { code: 'NOT_AN_OBJECT', message: 'The row is a number, not a JSON object.' },
  });
  const problem = { line: 1, custom_id: 'a', code: 'NOT_AN_OBJECT', message: 'no' } as const;
  expect(invalidDeadLetter(problem, { kind: 'read', line: 1, value })).toContain('"raw":"10.10"');
});

test.each([
  ['body', 'INVALID_BODY'],
  ['prompt', 'NO_PROMPT'],
  ['messages', 'NO_PROMPT'],
  ['custom_id', undefined],
])('a number in the field %s is not treated as an object', (field, code) => {
  const read = readJsonText(`{"prompt":"hi","${field}":1.0}`);
  const request = toRequestLine({ value: 'value' in read ? read.value : undefined, ordinal: 1 }, CHAT);
  expect('problem' in request ? request.problem.code : undefined).toBe(code);
});

test('a list of tokens is one text to embed, with any notation of numbers', () => {
  const rules = { endpoint: '/v1/embeddings', model: 'e', body: {} };
  const read = readJsonText('{"input":[1.0,2.0,3.0]}');
  expect(toRequestLine({ value: 'value' in read ? read.value : undefined, ordinal: 1 }, rules)).toMatchObject(
    {
      inputs: 1,
    },
  );
});

test('the dead letter of an invalid row has its numbers as they were written', () => {
  fc.assert(
    fc.property(jsonTexts, (value) => {
      const read = readJsonText(`{"prompt":"","own":${value}}`);
      if (!('value' in read)) throw new Error(read.message);
      const problem = { line: 1, custom_id: 'a', code: 'NO_PROMPT', message: 'no' } as const;
      const letter = invalidDeadLetter(problem, { kind: 'read', line: 1, value: read.value });
      expect(letter).toContain(`"own":${value},"custom_id":"a"`);
    }),
  );
});

test('a message for Anthropic has the numbers of the chat completion, digit for digit', () => {
  fc.assert(
    fc.property(jsonTexts, numberTexts, (value, number) => {
      const call = `{"id":"c","type":"function","function":{"name":"f","arguments":${JSON.stringify(`{"a":${value}}`)}}}`;
      const line =
        `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","top_k":${number},"max_tokens":${number},` +
        `"messages":[{"role":"assistant","content":"","tool_calls":[${call}]}],` +
        `"tools":[{"type":"function","function":{"name":"f","parameters":{"const":${value}}}}],` +
        `"response_format":{"type":"json_schema","json_schema":{"schema":{"const":${value}}}}}}`;
      const sent = JSON.stringify(toMessageRequest(Buffer.from(line)));
      expect(sent).toContain(`"top_k":${number},"max_tokens":${number}`);
      expect(sent).toContain(`"input":{"a":${value}}`);
      expect(sent).toContain(`"input_schema":{"const":${value}}`);
      expect(sent).toContain(`"schema":{"const":${value}}`);
    }),
  );
});

test.each<[string, (rows: readonly string[]) => string]>([
  ['rows.jsonl', (rows) => rows.join('\n')],
  ['rows.json', (rows) => `[ ${rows.join(' , ')} ]`],
  ['map.json', (rows) => `{${rows.map((row, n) => `"r${n}": ${row}`).join(',\n')}}`],
])('a file %s is read with its digits, rows of one shape and of many', async (name, print) => {
  const values = fc.sample(jsonTexts, { numRuns: 20, seed: 7 });
  const many = values.map((value) => `{"prompt":"hi","metadata":${value}}`);
  const alike = Array.from({ length: 20 }, (_, n) => `{"prompt":"hi ${n}","seed":1.50,"top_k":${n}}`);

  const { plan, lines } = await build(print([...many, ...alike]), { name });

  const sent = await lines(0, 1, 'requests.jsonl');
  expect(plan).toMatchObject({ rows: 40, invalid: 0 });
  for (const [n, value] of values.entries()) expect(sent[n]).toContain(`"metadata":${value},"model"`);
  for (const line of sent.slice(20)) expect(line).toContain('"seed":1.50,"top_k":');
});
