import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonText } from '../../src/rows/formats/json-lines.ts';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';
import { JsonSplicer } from '../../src/fast-path/splice-json.ts';
import { compileTemplate } from '../../src/rows/template.ts';

const CHAT: RequestRules = { endpoint: '/v1/chat/completions', model: 'm', body: { max_tokens: 64 } };

const RULES: Readonly<Record<string, RequestRules>> = {
  chat: CHAT,
  embeddings: { endpoint: '/v1/embeddings', model: 'e', body: {} },
  'no model': { endpoint: '/v1/chat/completions', body: {} },
  templates: {
    ...CHAT,
    system: compileTemplate('You know {{n}}.'),
    prompt: compileTemplate('"{{prompt}}" is by\n{{ custom_id }}, {{prompt}}'),
  },
  'a template of an object': { ...CHAT, prompt: compileTemplate('See {{item}}.') },
};

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '"', '\n', 'é', '猫', '🌍', ' ') }) },
  fc.string({ unit: fc.constantFrom(' ', '\\', '\u00a0', '\u2028', '\u3000', '\ud800', '\t', 'x', '\0') }),
  fc.constantFrom('7301', 'x73010007301x', 'row-00000000', '', 'POST', '/v1/embeddings'),
);
const anyValue = fc.oneof(
  text,
  fc.nat(),
  fc.double({ noNaN: true }),
  fc.constantFrom(null, true, false, [], {}, 1e21, 0.1),
);
const message = fc.record({ role: fc.constantFrom('user', 'system'), content: text });
const value = fc.oneof(
  fc.record({ custom_id: text, prompt: text }),
  fc.record({ id: fc.nat(), prompt: text, n: anyValue }, { requiredKeys: ['prompt'] }),
  fc.record({ custom_id: anyValue, messages: fc.array(message, { maxLength: 3 }), temperature: anyValue }),
  fc.record({ input: fc.oneof(text, fc.array(text), fc.array(fc.nat(), { maxLength: 12 })) }),
  fc.record({
    custom_id: text,
    method: fc.constantFrom('POST', 'GET'),
    url: fc.constantFrom('/v1/chat/completions', '/v1/embeddings'),
    body: fc.record({ model: text, messages: fc.array(message, { maxLength: 2 }), stream: anyValue }),
  }),
  fc.record({
    id: text,
    item: fc.record({ name: text, tags: fc.array(text, { maxLength: 2 }), n: anyValue }),
  }),
  fc.record({ item: anyValue }),
  anyValue,
);

/** Several ways to print JSON. */
const PRINTERS: readonly ((row: unknown) => string)[] = [
  (row) => JSON.stringify(row),
  (row) => JSON.stringify(row, undefined, 1).replaceAll(/\n\s*/g, ' '),
  (row) => JSON.stringify(row).replaceAll(/[\u0080-\uffff]/g, (unit) => escaped(unit)),
  (row) => ` ${JSON.stringify(row)}\t`,
];
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const rows = fc.array(
  fc
    .tuple(value, fc.constantFrom(...PRINTERS), fc.integer({ min: 1, max: 4 }))
    .map(([row, print, times]) => Array.from({ length: times }, () => print(row))),
  { maxLength: 12 },
);

describe.each(Object.entries(RULES))('with rules: %s', (_name, rules) => {
  test('a spliced row becomes the same request line as on the slow path', () => {
    fc.assert(
      fc.property(rows, (groups) => {
        const splicer = new JsonSplicer(rules);
        for (const [n, line] of groups.flat().entries()) {
          const json = Buffer.from(line);
          const read = readJsonText(json.toString('utf8'));
          const request =
            'value' in read ? toRequestLine({ value: read.value, ordinal: n + 1 }, rules) : undefined;
          const made = splicer.make(json, n + 1);
          if (made !== undefined) {
            const { line, ...rest } = made;
            expect(request).toEqual({ ...rest, text: line.toString('utf8') });
          } else if (request !== undefined && 'text' in request) splicer.learn(json);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ['a prompt', { custom_id: 'a-1', prompt: 'Say "hi"\n to 猫.' }],
  ['a prompt without an id', { prompt: 'hi' }],
  ['messages', { id: 3, messages: [{ role: 'user', content: 'hi' }], temperature: 0.5 }],
  [
    'a request line',
    {
      custom_id: 'a',
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'x', messages: [{ role: 'user', content: 'hi' }] },
    },
  ],
])('the second row with %s is spliced', (_name, row) => {
  const json = Buffer.from(JSON.stringify(row, undefined, 1).replaceAll(/\n\s*/g, ' '));
  const splicer = new JsonSplicer(CHAT);

  expect(splicer.make(json, 1)).toBeUndefined();
  splicer.learn(json);
  expect(splicer.make(json, 2)).toBeDefined();
});

test('a text that needs further escapes in its request line is left to the slow path', () => {
  const splicer = new JsonSplicer({ ...CHAT, prompt: compileTemplate('{{item}}') });
  splicer.learn(Buffer.from('{"id":"a","item":{"name":"plain"}}'));

  expect(splicer.make(Buffer.from('{"id":"b","item":{"name":"say \\"hi\\""}}'), 2)).toBeUndefined();
});

test('a row of many megabytes is spliced, but its shape is not learned', () => {
  const splicer = new JsonSplicer(CHAT);
  const long = Buffer.from(JSON.stringify({ id: 'b', prompt: 'x'.repeat(18_000_000) }));

  splicer.learn(long);
  expect(splicer.make(long, 1)).toBeUndefined();
  splicer.learn(Buffer.from('{"id":"a","prompt":"hi"}'));
  expect(splicer.make(long, 1)?.line.length).toBeGreaterThan(long.length);
});

test('rows without a common shape are left to the slow path', () => {
  const splicer = new JsonSplicer(CHAT);
  for (let n = 0; n < 3_000; n += 1) {
    const json = Buffer.from(JSON.stringify({ prompt: 'hi', metadata: { [`key${n}`]: 'x' } }));
    expect(splicer.make(json, n + 1)).toBeUndefined();
    splicer.learn(json);
  }
});
