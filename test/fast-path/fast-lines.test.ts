import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOf, type AnswerEnd } from '../../src/collect/lines/answer-end.ts';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import { FastLines } from '../../src/fast-path/fast-lines.ts';
import type { ResultRules } from '../../src/collect/lines/result-rules.ts';
import { ModelTally } from '../../src/collect/counts/model-usage.ts';
import type { CountedLine, RenderableAnswer } from '../../src/collect/lines/line-reader.ts';
import { addUsage, NO_USAGE, USAGE_PARTS, usageOf } from '../../src/spending/usage.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import type { Asked } from '../../src/endpoints/endpoint.ts';
import type { Usage } from '../../src/checkpoints/counts.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { readAnswer } from '../../src/jsonl/answer-json.ts';
import { asWire, type Wire } from '../../src/provider/wire.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { trials } from '../support/exhaustive.ts';

const NO_CODES = { retriable: [], permanent: [], halting: [] };

const RULES: readonly ResultRules[] = [
  { round: 1, endpoint: endpointAt('/v1/chat/completions'), resultShape: 'compact', codes: NO_CODES },
  {
    round: 2,
    endpoint: endpointAt('/v1/embeddings'),
    resultShape: 'compact',
    codes: { ...NO_CODES, retriable: ['odd'] },
  },
  { round: 1, endpoint: endpointAt('/v1/completions'), resultShape: 'body', codes: NO_CODES },
  { round: 1, endpoint: endpointAt('/v1/completions'), resultShape: 'compact', codes: NO_CODES },
  { round: 1, endpoint: endpointAt('/v1/responses'), resultShape: 'compact', codes: NO_CODES },
  { round: 1, endpoint: endpointAt('/v1/rerank'), resultShape: 'compact', codes: NO_CODES },
];

const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '猫', '\u2028', '{', '0') });
const amount = fc.oneof(
  fc.nat(),
  fc.constantFrom(0.5, -1, 1e-7, null, '0.000120', '12', 'many', '', '73010007301'),
);
const usage = fc.record(
  { prompt_tokens: amount, completion_tokens: amount, total_tokens: amount, input_tokens: amount },
  { requiredKeys: ['total_tokens'] },
);
const choice = fc.record(
  {
    index: fc.nat(1),
    message: fc.record(
      {
        role: fc.constant('assistant'),
        content: fc.oneof(text, fc.constant(null)),
        refusal: fc.oneof(fc.constant(null), fc.constant(null), text),
      },
      { requiredKeys: ['role', 'content'] },
    ),
    logprobs: fc.constantFrom(null, { content: [] }),
    finish_reason: fc.constantFrom('stop', 'length', null, 1),
  },
  { requiredKeys: ['message'] },
);
// Halves are exact in binary, so both ways of summing give the same total.
const vector = fc.array(
  fc.integer({ min: -99, max: 99 }).map((n) => n / 2),
  { minLength: 1, maxLength: 12 },
);
const embedding = fc.record({
  object: fc.constant('embedding'),
  index: fc.nat(2),
  embedding: fc.oneof(vector, text),
});
const part = fc.record(
  {
    type: fc.constantFrom('output_text', 'output_text', 'refusal'),
    text: fc.oneof(text, fc.constant(5)),
    refusal: fc.oneof(text, fc.constant(5)),
    annotations: fc.constantFrom([], [{ url: 'u' }], null),
  },
  { requiredKeys: ['type'] },
);
const item = fc.record(
  {
    type: fc.constantFrom('message', 'message', 'reasoning'),
    status: fc.constantFrom('completed', 'incomplete'),
    role: fc.constant('assistant'),
    content: fc.array(part, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ['type'] },
);
const body = fc.oneof(
  fc.record(
    {
      status: fc.constantFrom('completed', 'incomplete', 'odd'),
      output: fc.array(item, { minLength: 1, maxLength: 2 }),
      incomplete_details: fc.constantFrom(null, { reason: 'max_output_tokens' }, { reason: 'other' }),
      temperature: amount,
      usage,
    },
    { requiredKeys: ['output'] },
  ),
  fc.record(
    {
      choices: fc.array(
        fc.record(
          { index: fc.nat(1), text, finish_reason: fc.constantFrom('stop', 'length', null) },
          { requiredKeys: ['text'] },
        ),
        { minLength: 1, maxLength: 2 },
      ),
      model: text,
      usage,
    },
    { requiredKeys: ['choices'] },
  ),
  fc.record({
    results: fc.array(fc.record({ index: fc.nat(3), relevance_score: fc.nat(100) }), { maxLength: 3 }),
    usage,
  }),
  fc.record(
    {
      id: text,
      object: fc.constant('chat.completion'),
      created: fc.nat(),
      model: text,
      choices: fc.array(choice, { minLength: 1, maxLength: 2 }),
      usage,
      billing_cost: fc.record({ energy: amount, credits: amount }),
    },
    { requiredKeys: ['choices'] },
  ),
  fc.record({ data: fc.array(embedding, { maxLength: 3 }), model: text, usage }),
  text,
  fc.constant('{"choices":[{"message":{"content":"in a string"}}]}'),
  fc.constant(null),
);
const line = fc.record(
  {
    id: text,
    custom_id: fc.oneof(fc.stringMatching(/^[a-z0-9-]{1,8}$/), text, fc.nat()),
    response: fc.oneof(
      fc.record({ status_code: fc.constantFrom(200, 200, 200, 429, 500, '200', null), body }),
      fc.constant(null),
    ),
    error: fc.constantFrom(null, null, null, 'odd', { code: 'odd', message: 'm' }),
  },
  { requiredKeys: ['custom_id', 'response'] },
);

const PRINTERS: readonly ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, ' '),
];
const lines = fc.array(
  fc
    .tuple(line, fc.constantFrom(...PRINTERS), fc.array(text, { minLength: 1, maxLength: 4 }))
    .map(([wire, print, ids]) => ids.map((id) => print({ ...wire, id }))),
  { maxLength: 8 },
);

function reference(
  wire: Wire,
  rules: ResultRules,
  asked: Asked,
): { text: string; usage: Usage; end: AnswerEnd | undefined } | undefined {
  const verdict = classifyLine(wire, rules, asked);
  if (verdict.kind !== 'ok') return undefined;
  const customId = String(wire['custom_id']);
  const { body: answer, shown } = verdict;
  const result = renderResult({ ...rules, customId, body: answer, shown });
  const end = endOf(shown);
  return { text: jsonLine(result), usage: usageOf(answer), end };
}

/** Numbers of a vector are copied as they are written, with their spaces. */
const compact = (json: string): string =>
  json.replaceAll(/\[[-+\d., eE]+\]/g, (vector) => vector.replaceAll(' ', ''));

describe.each(RULES.map((rules) => [rules.endpoint.path, rules] as const))(
  'a spliced answer of %s',
  (_, rules) => {
    trials(150, 600).test(
      'becomes the same line as on the slow path, also when it is read again by its note',
      (numRuns) => {
        fc.assert(
          fc.property(lines, fc.constantFrom(ONE_INPUT, { inputs: 1 }, { inputs: 2 }), (groups, asked) => {
            const reader = new FastLines(rules);
            const models = new ModelTally();
            let used = NO_USAGE;
            const ends = { truncated: 0, refused: 0 };
            const again: (() => void)[] = [];
            for (const json of groups.flat().map((text) => Buffer.from(text))) {
              const wire = asWire(JSON.parse(json.toString('utf8'))) as Wire;
              const expected = reference(wire, rules, asked);
              const { id, verdict } = reader.read({ bytes: json, isUtf8: true }, () => asked);
              if (verdict === undefined || !('render' in verdict)) continue;
              const rendered = verdict.render();
              const text = rendered.line.toString('utf8');
              const note = verdict.note();
              again.push(() => {
                const noted = reader.readOf({ bytes: json, isUtf8: true }, asked, note) as RenderableAnswer;
                const { line: second, ...counted } = noted.render();
                expect({ ...counted, text: second.toString('utf8') }).toEqual({
                  ...rendered,
                  line: undefined,
                  text,
                });
              });
              models.add(rendered);
              expect(wire['custom_id']).toBe(id);
              expect(compact(text)).toBe(compact(expected?.text ?? ''));
              used = addUsage(used, expected?.usage ?? NO_USAGE);
              if (expected?.end !== undefined) ends[expected.end] += 1;
            }
            for (const second of again) second();
            const sum = (end: AnswerEnd): number =>
              models.list().reduce((total, model) => total + model[end], 0);
            expect({ truncated: sum('truncated'), refused: sum('refused') }).toEqual(ends);
            // A different order of summing changes the last digits of fractions.
            const total = models.total();
            for (const part of USAGE_PARTS) {
              expect(Math.abs(total[part] - used[part])).toBeLessThanOrEqual(1e-9 * (1 + used[part]));
            }
          }),
          { numRuns },
        );
      },
    );
  },
);

/** The result line of an answer that is rendered from the bytes of its line. Undefined if the fast path does not apply. */
function rendered(reader: FastLines, json: Buffer, asked: Asked = ONE_INPUT): CountedLine | undefined {
  const { verdict } = reader.read({ bytes: json, isUtf8: true }, () => asked);
  return verdict !== undefined && 'render' in verdict ? verdict.render() : undefined;
}

const CHAT = {
  custom_id: 'q1',
  response: {
    status_code: 200,
    body: {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.\n' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
      billing_cost: { energy: '0.00120', credits: '0.5' },
    },
  },
  error: null,
};

const AS_LIST = (line: string, n: number): string => `${n === 0 ? '[' : ''}${line}${n === 3 ? ']' : ','}`;

test.each([
  ['the elements of a list', AS_LIST],
  ['events of a stream', (line: string) => `data: ${line}`],
  ['in front of semicolons', (line: string) => `${line};`],
  ['in front of NUL bytes', (line: string) => `${line}\0\0`],
  ['behind record separators', (line: string) => `\u001e${line}`],
  ['JSON strings', (line: string) => JSON.stringify(line)],
  ['behind spaces', (line: string) => `\t ${line} `],
])('lines that are %s are read like the others', (_how, marked) => {
  const reader = new FastLines(RULES[0] as ResultRules);
  for (const n of [0, 1, 2, 3]) {
    const bytes = Buffer.from(marked(JSON.stringify({ ...CHAT, custom_id: `q${n}` }), n));
    const read = reader.read({ bytes, isUtf8: true }, () => ONE_INPUT);
    expect(read).toMatchObject({ id: `q${n}`, verdict: { kind: 'ok' } });
  }
});

test('the second answer of a shape is spliced, with its usage', () => {
  const reader = new FastLines(RULES[0] as ResultRules);
  const json = Buffer.from(JSON.stringify(CHAT));
  expect(rendered(reader, json)).toBeUndefined();

  expect(reader.read({ bytes: json, isUtf8: true }, () => ONE_INPUT)).toMatchObject({ id: 'q1' });
  const models = new ModelTally();
  models.add(rendered(reader, json) as CountedLine);
  expect(models.list()).toEqual([
    {
      model: 'm',
      answers: 1,
      truncated: 0,
      refused: 0,
      inputTokens: 10,
      outputTokens: 2,
      energy: 0.0012,
      credits: 0.5,
    },
  ]);
});

test('token counts are read in any notation', () => {
  const reader = new FastLines(RULES[0] as ResultRules);
  const { response } = CHAT;
  const answer = (credits: string): Buffer => {
    const body = { ...response.body, billing_cost: { energy: '0.5', credits } };
    return Buffer.from(JSON.stringify({ ...CHAT, response: { ...response, body } }));
  };
  const models = new ModelTally();
  let credits = 0;
  for (const written of ['0.5', '0E-10', '0.25', '1E-7', '2E-7', '0.125', '9'.repeat(400), '', 'none', '3']) {
    const body = { billing_cost: { credits: written } };
    const json = answer(written);
    const made = rendered(reader, json);
    if (made === undefined) models.addAnswer(body, undefined);
    else models.add(made);
    credits += usageOf(body).credits;
  }

  expect(models.total().credits).toBe(addUsage({ ...NO_USAGE, credits }, NO_USAGE).credits);
});

test('a key with escapes is the same key', () => {
  const reader = new FastLines(RULES[0] as ResultRules);
  const answer = (model: string): Buffer =>
    Buffer.from(JSON.stringify(CHAT).replace('"model":"m"', `"mod\\u0065l":"${model}"`));
  rendered(reader, answer('m'));

  expect(rendered(reader, answer('m'))).toMatchObject({ model: 'm' });
  expect(rendered(reader, answer('other'))).toBeUndefined();
});

test('a vector is copied unchanged', () => {
  const reader = new FastLines(RULES[1] as ResultRules);
  const written = (digits: string): Buffer =>
    Buffer.from(
      `{"custom_id":"q1","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[${digits}]}]}},"error":null}`,
    );
  rendered(reader, written('1,2,3,4,5,6,7,8'));
  const made = rendered(reader, written('-0.10, 1e-05,3,4,5,6,7,8'));

  expect(made?.line.toString('utf8')).toBe(
    '{"custom_id":"q1","ok":true,"embedding":[-0.10, 1e-05,3,4,5,6,7,8],"round":2}\n',
  );
});

test('both paths read a line with a long vector in the same way after any change of a byte', () => {
  const rules = RULES[1] as ResultRules;
  const lineOf = (numbers: readonly number[]): string =>
    `{"custom_id":"q1","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[${numbers.join(', ')}]}]}},"error":null}`;
  const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
    minLength: 200,
    maxLength: 300,
  });
  const byte = fc.oneof(
    fc.constantFrom(...Buffer.from('0123456789.,-+eE []N"')),
    fc.integer({ min: 0, max: 127 }),
  );
  let taken = 0;
  fc.assert(
    fc.property(numbers, fc.nat(), byte, (vector, place, changedTo) => {
      const reader = new FastLines(rules);
      rendered(reader, Buffer.from(lineOf([1, 2, 3, 4, 5, 6, 7, 8])));
      const json = Buffer.from(lineOf(vector));
      json[place % json.length] = changedTo;

      const made = rendered(reader, json);

      if (made === undefined) return;
      taken += 1;
      const expected = reference(asWire(readAnswer(json.toString('utf8'))) as Wire, rules, ONE_INPUT);
      expect(compact(made.line.toString('utf8'))).toBe(compact(expected?.text ?? ''));
    }),
    { numRuns: 600 },
  );
  expect(taken).toBeGreaterThan(100);
});
