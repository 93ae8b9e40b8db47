import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasLoneSurrogate, replaceLoneSurrogates } from '../../src/jsonl/json-line.ts';
import { toMessageRequest } from '../../src/provider/adapters/anthropic-request.ts';
import { readJsonText } from '../../src/rows/formats/json-lines.ts';
import { toRequestLine, type Request, type RequestRules } from '../../src/rows/request-line.ts';
import { compileTemplate } from '../../src/rows/template.ts';
import { createRequests } from '../../src/steps/create-requests.ts';

const CHAT: RequestRules = { endpoint: '/v1/chat/completions', model: 'm', body: {} };

function toRequest(row: string, rules: RequestRules = CHAT): Request {
  const read = readJsonText(row);
  if (!('value' in read)) throw new Error(read.message);
  return toRequestLine({ value: read.value, ordinal: 7 }, rules);
}

const withPrompt = (text: string): RequestRules => ({ ...CHAT, prompt: compileTemplate(text) });

test.each<[string, string, RequestRules?]>([
  ['a prompt', '{"custom_id":"a","prompt":"Great deal \\ud83d... buy"}'],
  ['a low half alone', '{"custom_id":"a","prompt":"\\ude80"}'],
  ['two halves in the wrong order', '{"custom_id":"a","prompt":"\\ude80\\ud83d"}'],
  ['capital hex digits', '{"custom_id":"a","prompt":"\\uD83D"}'],
  ['a half behind a backslash', '{"custom_id":"a","prompt":"\\\\\\ud83d"}'],
  [
    'a message',
    '{"custom_id":"a","messages":[{"role":"user","content":[{"type":"text","text":"\\ud83d"}]}]}',
  ],
  ['a key of the body', '{"custom_id":"a","body":{"messages":[],"a\\ud83d":1}}'],
  ['a key below', '{"custom_id":"a","prompt":"hi","metadata":{"\\udfff":1}}'],
  ['a model', '{"custom_id":"a","prompt":"hi","model":"\\ud83d"}'],
  ['a value of a template', '{"custom_id":"a","v":"\\ud83d"}', withPrompt('<{{v}}>')],
  ['an object of a template', '{"custom_id":"a","v":{"x":["\\ud83d"]}}', withPrompt('<{{v}}>')],
])('%s that is not valid Unicode makes its row invalid', (_name, row, rules) => {
  expect(toRequest(row, rules)).toMatchObject({ customId: 'a', problem: { code: 'INVALID_TEXT' } });
});

test('an id that is not valid Unicode is not used', () => {
  expect(toRequest('{"custom_id":"a\\ud83d","prompt":"hi"}')).toMatchObject({
    customId: 'row-00000007',
    problem: { code: 'INVALID_TEXT' },
  });
});

test.each([
  ['a whole pair', '{"prompt":"\\ud83d\\ude80"}'],
  ['the text of an escape', '{"prompt":"write \\\\ud83d or \\\\\\\\ud83d"}'],
  [
    'a noncharacter, a control character and the largest character',
    '{"prompt":"\\uffff\\u0000\\udbff\\udfff"}',
  ],
  ['JSON inside a text', '{"prompt":"{\\"a\\":\\"\\\\ud83d\\"}"}'],
])('%s is sent', (_name, row) => {
  expect(toRequest(row)).toHaveProperty('text');
});

test('a field that is not sent may have invalid text', () => {
  expect(toRequest('{"v":"hi","other":"\\ud83d"}', withPrompt('{{v}}'))).toHaveProperty('text');
});

test('a text is invalid exactly if it is not well formed', () => {
  const units = fc
    .array(fc.constantFrom('\\', '"', 'u', 'd83d', '\ud83d', '\ude80', 'a', '\n', 'é'))
    .map((all) => all.join(''));
  fc.assert(
    fc.property(units, units, (key, value) => {
      const json = JSON.stringify({ [key]: value });
      expect(hasLoneSurrogate(json)).toBe(!(key.isWellFormed() && value.isWellFormed()));
      expect(JSON.parse(replaceLoneSurrogates(json))).toEqual({ [key.toWellFormed()]: value.toWellFormed() });
    }),
    { numRuns: 1_000 },
  );
});

test('a row of a known shape is checked like the first one', () => {
  const requests = createRequests(CHAT);
  const make = (json: string, line: number) =>
    requests.make({ kind: 'json', line, json: Buffer.from(json) }, line);

  make('{"custom_id":"a","prompt":"fine"}', 1);

  expect(make('{"custom_id":"b","prompt":"fine"}', 2)).toHaveProperty('line');
  expect(make('{"custom_id":"c","prompt":"cut \\ud83d"}', 3)).toMatchObject({
    customId: 'c',
    problem: { code: 'INVALID_TEXT' },
  });
  expect(make('{"custom_id":"d\\ud83d","prompt":"fine"}', 4)).toMatchObject({
    problem: { code: 'INVALID_TEXT' },
  });
});

test('call arguments that would make Anthropic reject the whole file are replaced', () => {
  const line = (args: string): Buffer =>
    Buffer.from(
      JSON.stringify({
        custom_id: 'a',
        body: {
          messages: [
            { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: args } }] },
          ],
        },
      }),
    );
  const inputOf = (args: string): string => JSON.stringify(toMessageRequest(line(args)));
  expect(inputOf('{"a":"x\\ud83d"}')).toContain('"input":{"a":"x\ufffd"}');
  expect(inputOf(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)).toContain('"input":{}');
});
