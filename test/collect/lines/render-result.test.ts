import { describe, expect, test } from 'vitest';
import { renderResult, type Answer } from '../../../src/collect/lines/render-result.ts';
import { endpointAt } from '../../../src/endpoints/endpoints.ts';
import { addUsage, NO_USAGE, usageOf } from '../../../src/collect/counts/usage.ts';

function answer(body: unknown, more: Partial<Answer> = {}): Answer {
  return {
    customId: 'q1',
    body,
    round: 1,
    endpoint: endpointAt('/v1/chat/completions'),
    resultShape: 'compact',
    manyInputs: false,
    ...more,
  };
}

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
    expect(JSON.stringify(renderResult(answer(chat({ content: 'Hello.' }))))).toBe(
      '{"custom_id":"q1","ok":true,"text":"Hello.","finish_reason":"stop","model":"m",' +
        '"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"round":1}',
    );
  });

  test('keeps fields of the provider that it does not know', () => {
    const cost = { energy: '0.0008', credits: '0.0' };

    expect(renderResult(answer(chat({ content: 'x' }, { billing_cost: cost })))).toMatchObject({
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
    expect(renderResult(answer(body))).toMatchObject({ text, body: { choices: body['choices'] } });
  });

  test('says why the model would not answer', () => {
    const refused = renderResult(answer(chat({ content: null, refusal: 'I cannot.' })));

    expect(refused).toMatchObject({ text: null, finish_reason: 'stop', refusal: 'I cannot.' });
    expect(refused).not.toHaveProperty('body');
  });

  test('does not keep what says nothing', () => {
    expect(renderResult(answer(chat({ content: 'x', refusal: null, tool_calls: null })))).not.toHaveProperty(
      'body',
    );
  });

  test.each([
    ['no choices', { choices: [] }],
    ['content in parts', chat({ content: [{ type: 'text', text: 'x' }] })],
    ['a string', 'odd'],
  ])('is the whole body when it has %s', (_, body) => {
    expect(renderResult(answer(body))).toEqual({ custom_id: 'q1', ok: true, body, round: 1 });
  });

  test('is the whole body when the profile asks for it', () => {
    const body = chat({ content: 'x' });

    expect(renderResult(answer(body, { resultShape: 'body' }))).toEqual({
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
  const at = { endpoint: endpointAt('/v1/embeddings') };

  test('is one vector for one input', () => {
    const body = { object: 'list', data: [data[1]], model: 'e' };

    expect(renderResult(answer(body, at))).toEqual({
      custom_id: 'q1',
      ok: true,
      embedding: [0.1],
      model: 'e',
      round: 1,
    });
  });

  test('is a vector per input in index order for many', () => {
    expect(renderResult(answer({ data }, { ...at, manyInputs: true }))).toMatchObject({
      embeddings: [[0.1], [0.2]],
    });
    expect(renderResult(answer({ data: [data[0]] }, { ...at, manyInputs: true }))).toMatchObject({
      embeddings: [[0.2]],
    });
  });

  test('keeps base64 as it came', () => {
    const body = { data: [{ index: 0, embedding: 'AACAPw==' }] };

    expect(renderResult(answer(body, at))).toMatchObject({ embedding: 'AACAPw==' });
  });

  test('is the whole body when it is none', () => {
    expect(renderResult(answer({ data: [] }, at))).toMatchObject({ body: { data: [] } });
  });
});

test('any other endpoint gives its body', () => {
  const body = { url: 'https://example.com/image.png' };

  expect(renderResult(answer(body, { endpoint: endpointAt('/v1/moderations') }))).toMatchObject({ body });
});

describe('usage', () => {
  test('is summed without the noise of binary fractions', () => {
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
  ])('of %j is nothing', (body) => {
    expect(usageOf(body)).toEqual(NO_USAGE);
  });
});
