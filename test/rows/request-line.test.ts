import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowProblemCode } from '../../src/checkpoints/plan.ts';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';

const CHAT: RequestRules = { endpoint: '/v1/chat/completions', model: 'm', body: {} };
const EMBEDDINGS: RequestRules = { endpoint: '/v1/embeddings', model: 'e', body: {} };
const MODERATIONS: RequestRules = { endpoint: '/v1/moderations', model: 'i', body: {} };

interface Sent {
  readonly custom_id: string;
  readonly method: string;
  readonly url: string;
  readonly body: Record<string, unknown>;
}

function send(row: unknown, defaults: RequestRules = CHAT): Sent {
  const request = toRequestLine({ value: row, ordinal: 7 }, defaults);
  if ('problem' in request) throw new Error(`${request.problem.code}: ${request.problem.message}`);
  return JSON.parse(request.text) as Sent;
}

const user = (content: string) => ({ role: 'user', content });

describe('a row', () => {
  test.each([
    ['a prompt', { custom_id: 'a', prompt: 'hi' }, CHAT, { messages: [user('hi')] }],
    [
      'a prompt and a system',
      { prompt: 'hi', system: 'be brief' },
      CHAT,
      { messages: [{ role: 'system', content: 'be brief' }, user('hi')] },
    ],
    ['messages', { messages: [user('hi')] }, CHAT, { messages: [user('hi')] }],
    [
      'parameters',
      { prompt: 'hi', temperature: 0, max_tokens: 5 },
      CHAT,
      { messages: [user('hi')], temperature: 0, max_tokens: 5 },
    ],
    [
      'a body',
      { body: { messages: [user('hi')], anything: 1 } },
      CHAT,
      { messages: [user('hi')], anything: 1 },
    ],
    [
      'a request line',
      { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { messages: [] } },
      CHAT,
      { messages: [] },
    ],
    ['an input', { input: 'text' }, EMBEDDINGS, { input: 'text' }],
    [
      'several inputs',
      { input: ['a', 'b'], dimensions: 8 },
      EMBEDDINGS,
      { input: ['a', 'b'], dimensions: 8 },
    ],
    ['a prompt to embed', { prompt: 'text' }, EMBEDDINGS, { input: 'text' }],
    ['a body for another endpoint', { body: { prompt: 'a cat' } }, MODERATIONS, { prompt: 'a cat' }],
    [
      'a dead letter',
      { body: { messages: [] }, outcome: 'failed', error: {}, retry: false, round: 1 },
      CHAT,
      { messages: [] },
    ],
    [
      'a corrected dead letter',
      { prompt: 'hi', outcome: 'invalid', error: {} },
      CHAT,
      { messages: [user('hi')] },
    ],
  ])('with %s is sent', (_, row, defaults, body) => {
    expect(send(row, defaults)).toEqual({
      custom_id: 'custom_id' in row ? row.custom_id : 'row-00000007',
      method: 'POST',
      url: defaults.endpoint,
      body: { model: defaults.model, ...body },
    });
  });

  test.each([
    ['its own model', { prompt: 'x', model: 'row' }, 'row'],
    ['its body’s model', { body: { model: 'body' }, model: 'row' }, 'body'],
    ['the profile’s model', { prompt: 'x' }, 'm'],
  ])('has %s', (_, row, model) => {
    expect(send(row).body['model']).toBe(model);
  });

  test('is preferred to the parameters of the profile', () => {
    const defaults = { ...CHAT, body: { temperature: 1, top_p: 0.5 } };

    expect(send({ prompt: 'x', temperature: 0 }, defaults).body).toMatchObject({
      temperature: 0,
      top_p: 0.5,
    });
  });

  test.each([
    [17, '17'],
    ['naïve 🌍', 'naïve 🌍'],
    [null, 'row-00000007'],
    ['__proto__', '__proto__'],
  ])('with the id %j gets the id %j', (custom_id, expected) => {
    expect(send({ custom_id, prompt: 'x' }).custom_id).toBe(expected);
    expect(send({ id: custom_id, prompt: 'x' }).custom_id).toBe(expected);
  });

  test.each<[RowProblemCode, unknown, RequestRules?]>([
    ['NOT_AN_OBJECT', null],
    ['NOT_AN_OBJECT', [1]],
    ['NOT_AN_OBJECT', 'text'],
    ['INVALID_CUSTOM_ID', { custom_id: '', prompt: 'x' }],
    ['INVALID_CUSTOM_ID', { custom_id: {}, prompt: 'x' }],
    ['INVALID_CUSTOM_ID', { custom_id: 'a\nb', prompt: 'x' }],
    ['INVALID_CUSTOM_ID', { custom_id: 'x'.repeat(513), prompt: 'x' }],
    ['NO_PROMPT', {}],
    ['NO_PROMPT', { prompt: '  ' }],
    ['NO_PROMPT', { prompt: 5 }],
    ['NO_PROMPT', { prompt: 'x', messages: [user('y')] }],
    ['NO_PROMPT', { messages: [] }],
    ['NO_PROMPT', { messages: 'hi' }],
    ['NO_PROMPT', { input: 'x' }],
    ['NO_PROMPT', { messages: [user('x')] }, EMBEDDINGS],
    ['NO_PROMPT', { input: [] }, EMBEDDINGS],
    ['UNKNOWN_FIELD', { prompt: 'x', temprature: 0 }],
    ['INVALID_BODY', { body: 'text' }],
    ['INVALID_BODY', { prompt: 'a cat' }, MODERATIONS],
    ['MISSING_MODEL', { prompt: 'x' }, { endpoint: '/v1/chat/completions', body: {} }],
    ['WRONG_ENDPOINT', { url: '/v1/embeddings', body: {} }],
    ['WRONG_METHOD', { method: 'GET', body: {} }],
    ['STREAM_NOT_SUPPORTED', { prompt: 'x', stream: true }],
    ['STREAM_NOT_SUPPORTED', { body: { stream: true } }],
    ['INVALID_JSON', { raw: '{"prompt":', outcome: 'invalid' }],
  ])('is refused with %s: %j', (code, row, defaults = CHAT) => {
    expect(toRequestLine({ value: row, ordinal: 7 }, defaults)).toMatchObject({ problem: { code } });
  });

  test('that is refused keeps the id it has', () => {
    expect(toRequestLine({ value: { custom_id: 'mine' }, ordinal: 7 }, CHAT)).toMatchObject({
      customId: 'mine',
    });
    expect(toRequestLine({ value: { custom_id: '' }, ordinal: 7 }, CHAT)).toMatchObject({
      customId: 'row-00000007',
    });
  });
});

test('a request line has no separator at which a reader could split it', () => {
  const request = toRequestLine(
    { value: { prompt: 'a\u2028b\u2029c\nd\re\u0085f\v\f\u001c\u001d\u001e' }, ordinal: 1 },
    CHAT,
  );

  expect('text' in request && request.text.slice(0, -1)).not.toMatch(/[\u2028\u2029\u0085]|\p{Cc}/u);
  expect(send({ prompt: 'a\u2028b\u2029c' }).body['messages']).toEqual([user('a\u2028b\u2029c')]);
});

test('any JSON value is a request line or a problem, and has an id', () => {
  const field = fc.constantFrom(
    'custom_id',
    'id',
    'prompt',
    'messages',
    'input',
    'body',
    'url',
    'method',
    'model',
    'raw',
  );
  const row = fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue()));
  fc.assert(
    fc.property(row, fc.constantFrom(CHAT, EMBEDDINGS, MODERATIONS), (value, defaults) => {
      const request = toRequestLine({ value: value, ordinal: 1 }, defaults);
      expect(request.customId).not.toBe('');
      if ('text' in request) expect(JSON.parse(request.text)).toMatchObject({ custom_id: request.customId });
    }),
  );
});
