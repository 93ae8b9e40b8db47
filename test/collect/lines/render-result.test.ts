import { describe, expect, test } from 'vitest';
import { renderResult } from '../../../src/collect/lines/render-result.ts';
import { answerOf } from '../../../src/endpoints/answer.ts';
import { ONE_INPUT } from '../../../src/endpoints/asked.ts';
import type { Asked } from '../../../src/endpoints/endpoint.ts';
import { endpointAt } from '../../../src/endpoints/endpoints.ts';
import { addUsage, NO_USAGE, usageOf } from '../../../src/spending/usage.ts';

interface Given {
  readonly path?: string;
  readonly resultShape?: 'compact' | 'body';
  readonly asked?: Asked;
}

function render(body: unknown, { path = CHAT_PATH, resultShape = 'compact', asked = ONE_INPUT }: Given = {}) {
  const answer = answerOf(body, endpointAt(path), asked);
  if (answer.kind === 'failure') throw new Error(`no answer: ${answer.error.code}`);
  return renderResult({ customId: 'q1', body, shown: answer.shown, round: 1, resultShape });
}

const CHAT_PATH = '/v1/chat/completions';

function chat(message: object, more: object = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    system_fingerprint: 'fp',
    ...more,
  };
}

describe('the result of a chat row', () => {
  test('is its text, in the order of fields users see', () => {
    expect(JSON.stringify(render(chat({ content: 'Hello.' })))).toBe(
      '{"custom_id":"q1","ok":true,"text":"Hello.","finish_reason":"stop","model":"m",' +
        '"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"round":1}',
    );
  });

  test('keeps unknown fields of the provider', () => {
    const cost = { energy: '0.0008', credits: '0.0' };

    expect(render(chat({ content: 'x' }, { billing_cost: cost }))).toMatchObject({
      text: 'x',
      body: { billing_cost: cost },
    });
  });

  test.each([
    ['tool calls', chat({ content: null, tool_calls: [{ id: 't' }] }), null],
    ['reasoning', chat({ content: 'x', reasoning_content: 'because' }), 'x'],
    [
      'a second choice',
      { ...chat({}), choices: [{ message: { content: 'a' } }, { message: { content: 'b' } }] },
      'a',
    ],
  ])('keeps the choices when they hold %s', (_, body, text) => {
    expect(render(body)).toMatchObject({ text, body: { choices: body['choices'] } });
  });

  test('says why the model refused', () => {
    const refused = render(chat({ content: null, refusal: 'I cannot.' }));

    expect(refused).toMatchObject({ text: null, finish_reason: 'stop', refusal: 'I cannot.' });
    expect(refused).not.toHaveProperty('body');
  });

  test('leaves out empty fields', () => {
    expect(render(chat({ content: 'x', refusal: null, tool_calls: null }))).not.toHaveProperty('body');
  });

  test('is the whole body if the profile asks for it', () => {
    const body = chat({ content: 'x' });

    expect(render(body, { resultShape: 'body' })).toEqual({
      custom_id: 'q1',
      ok: true,
      body,
      round: 1,
    });
  });
});

describe('the result of an embeddings row', () => {
  const data = [
    { index: 1, embedding: [0.2] },
    { index: 0, embedding: [0.1] },
  ];
  const at = { path: '/v1/embeddings' };

  test('is one vector for one input', () => {
    const body = { object: 'list', data: [data[1]], model: 'e' };

    expect(render(body, at)).toEqual({
      custom_id: 'q1',
      ok: true,
      embedding: [0.1],
      model: 'e',
      round: 1,
    });
  });

  test('is a vector per input in index order for many', () => {
    expect(render({ data }, { ...at, asked: { inputs: 2 } })).toMatchObject({
      embeddings: [[0.1], [0.2]],
    });
    expect(render({ data: [data[1]] }, { ...at, asked: { inputs: 1 } })).toMatchObject({
      embeddings: [[0.1]],
    });
  });

  test('keeps base64 as it came', () => {
    const body = { data: [{ index: 0, embedding: 'AACAPw==' }] };

    expect(render(body, at)).toMatchObject({ embedding: 'AACAPw==' });
  });
});

test('any other endpoint gives its body', () => {
  const body = { url: 'https://example.com/image.png' };

  expect(render(body, { path: '/v1/moderations' })).toMatchObject({ body });
});

describe('usage', () => {
  test('is summed without errors of binary fractions', () => {
    const one = usageOf({
      usage: { prompt_tokens: 3, completion_tokens: 4 },
      billing_cost: { energy: '0.1', credits: '0.0' },
    });
    const two = usageOf({
      usage: { input_tokens: 1, output_tokens: 2 },
      billing_cost: { energy: '0.2', credits: '1.5' },
    });

    expect(addUsage(addUsage(NO_USAGE, one), two)).toEqual({
      inputTokens: 4,
      outputTokens: 6,
      energy: 0.3,
      credits: 1.5,
    });
  });

  test.each([
    [null],
    [{}],
    [{ usage: null }],
    [{ usage: { prompt_tokens: 'many' }, billing_cost: { energy: '' } }],
    ['text'],
  ])('of %j is empty', (body) => {
    expect(usageOf(body)).toEqual(NO_USAGE);
  });
});
