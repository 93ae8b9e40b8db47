import { describe, expect, test } from 'vitest';
import { answerOf } from '../../src/endpoints/answer.ts';
import { askedIn, ONE_INPUT } from '../../src/endpoints/asked.ts';
import type { Asked } from '../../src/endpoints/endpoint.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { png, wav } from '../../simulator/media.ts';

/** The part of an answer that a result line shows. For a body that is not an answer, its error code. */
function shown(path: string, body: unknown, asked: Asked = ONE_INPUT): unknown {
  const answer = answerOf(body, endpointAt(path), asked);
  return answer.kind === 'answer' ? answer.shown : answer.error.code;
}

const usage = { total_tokens: 3 };

describe('an unknown endpoint', () => {
  test.each([[null], [undefined], ['']])('accepts any answer that is not empty, so not %j', (body) => {
    expect(shown('/v1/moderations', body)).toBe('EMPTY_RESULT');
  });
});

describe('an answer to chat', () => {
  test('keeps the boundaries of several texts and reads no other part as text', () => {
    const several = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    const thought = [{ type: 'reasoning', text: 'hm' }, 'c'];

    for (const [content, text] of [
      [several, 'ab'],
      [thought, 'c'],
    ])
      expect(shown('/v1/chat/completions', { choices: [{ message: { content } }] })).toEqual({
        text,
        finish_reason: null,
        body: { choices: [{ message: { content } }] },
      });
  });

  test('is the choice with the lowest index, in whatever order the choices are', () => {
    const choices = [2, 0, 1].map((index) => ({ index, message: { content: `choice ${index}` } }));

    expect(shown('/v1/chat/completions', { choices })).toMatchObject({ text: 'choice 0', body: { choices } });
    expect(
      shown('/v1/chat/completions', { choices: [{ message: { content: 'a' } }, ...choices] }),
    ).toMatchObject({ text: 'a' });
  });

  test('is not a message with an error among the parts of its content', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'error', error: { code: 'engine_lost', message: 'm' } },
    ];

    expect(shown('/v1/chat/completions', { choices: [{ message: { content } }] })).toBe('engine_lost');
  });

  test('has the texts of parts whose type is written in capitals', () => {
    const content = [{ type: 'TEXT', text: 'a' }];

    expect(shown('/v1/chat/completions', { choices: [{ message: { content } }] })).toMatchObject({
      text: 'a',
    });
  });

  test('keeps a refusal that is not text, and several refusals', () => {
    const message = { role: 'assistant', content: 'a', refusal: { why: 'x' } };
    const both = { content: [{ type: 'refusal', refusal: 'one' }], refusal: 'another' };

    expect(shown('/v1/chat/completions', { choices: [{ message }] })).toMatchObject({
      text: 'a',
      body: { choices: [{ message }] },
    });
    expect(shown('/v1/chat/completions', { choices: [{ message: both }] })).toMatchObject({
      refusal: 'another',
      body: { choices: [{ message: both }] },
    });
  });
});

describe('the inputs of a request', () => {
  test.each([
    [{ input: ['a', 'b'] }, { inputs: 2 }],
    [{ input: [5, 6, 7] }, { inputs: 1 }],
    [{ input: [[5, 6], [7]] }, { inputs: 2 }],
    [{ input: 'a' }, {}],
  ])('%j expects as many vectors as it has texts', (body, asked) => {
    expect(askedIn(body, endpointAt('/v1/embeddings'))).toEqual(asked);
  });

  test('base64 that is cut off is not a vector', () => {
    expect(shown('/v1/embeddings', { data: [{ index: 0, embedding: 'AACAP' }] })).toBe('INVALID_VECTOR');
  });
});

describe('a completion', () => {
  const choice = { index: 0, text: 'upon a time', logprobs: null, finish_reason: 'length' };

  test('is its text', () => {
    const body = { id: 'c', object: 'text_completion', created: 1, model: 'm', choices: [choice], usage };

    expect(shown('/v1/completions', body)).toEqual({
      text: 'upon a time',
      finish_reason: 'length',
      model: 'm',
      usage,
    });
  });

  test('keeps several choices', () => {
    const choices = [choice, { ...choice, index: 1, text: 'there was' }];

    expect(shown('/v1/completions', { choices })).toEqual({
      text: 'upon a time',
      finish_reason: 'length',
      body: { choices },
    });
  });
});

describe('a response', () => {
  const part = { type: 'output_text', text: 'Moin', annotations: [] };
  const message = { type: 'message', id: 'm', status: 'completed', role: 'assistant', content: [part] };
  const response = {
    id: 'r',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model: 'm',
    output: [message],
    temperature: 1,
    tools: [],
    usage,
  };

  test.each([
    ['the final one, though more is said behind it', ['final_answer', 'commentary', undefined], 0],
    ['the last final one', ['final_answer', 'final_answer'], 1],
    ['the last that is not said on the way', [undefined, 'commentary'], 0],
    ['the last one, when all are said on the way', ['commentary', 'commentary'], 1],
  ] as const)('is the text of one message: %s', (_what, phases, at) => {
    const output = phases.map((phase, n) => ({
      ...message,
      content: [{ ...part, text: `text ${n}` }],
      phase,
    }));

    expect(shown('/v1/responses', { ...response, output })).toMatchObject({ text: `text ${at}` });
  });

  test('keeps the boundaries of several texts of one message', () => {
    const output = [{ ...message, content: [part, { ...part, text: '!' }] }];

    expect(shown('/v1/responses', { ...response, output })).toMatchObject({
      text: 'Moin!',
      body: { output },
    });
  });

  test('offers its messages to the schema, the likely ones first', () => {
    const output = [undefined, 'commentary', 'final_answer', 'commentary', 'final_answer'].map(
      (phase, n) => ({
        ...message,
        content: [{ ...part, text: `${n}` }],
        phase,
      }),
    );

    expect(endpointAt('/v1/responses').texts?.({ ...response, output })).toEqual(['4', '2', '3', '1', '0']);
  });

  test('is its text, without the repeated fields of the request', () => {
    expect(shown('/v1/responses', response)).toEqual({
      text: 'Moin',
      finish_reason: 'stop',
      model: 'm',
      usage,
    });
  });

  test('keeps an output with more than text', () => {
    const output = [{ type: 'reasoning', summary: [] }, message];

    expect(shown('/v1/responses', { ...response, output })).toMatchObject({ text: 'Moin', body: { output } });
  });

  test.each([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
    [{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'content_filter'],
  ])('that ended with %j is %s', (more, finish_reason) => {
    expect(shown('/v1/responses', { ...response, ...more })).toMatchObject({ text: 'Moin', finish_reason });
  });

  test('that is refused has the reason', () => {
    const output = [{ ...message, content: [{ type: 'refusal', refusal: 'no' }] }];

    expect(shown('/v1/responses', { ...response, output })).toEqual({
      text: null,
      finish_reason: 'stop',
      refusal: 'no',
      model: 'm',
      usage,
    });
  });

  test('without text has none', () => {
    const output = [{ type: 'function_call', name: 'f' }];

    expect(shown('/v1/responses', { ...response, output })).toMatchObject({ text: null, body: { output } });
  });
});

describe('a ranking', () => {
  const results = [
    { index: 1, relevance_score: 0.9 },
    { index: 0, relevance_score: 0.1 },
  ];

  test('has the documents in the order of the provider', () => {
    expect(shown('/v1/rerank', { id: 'r', model: 'm', results, usage, billing_cost: 1 })).toEqual({
      ranking: results,
      model: 'm',
      usage,
      body: { billing_cost: 1 },
    });
  });
});

function taken(path: string, body: unknown) {
  const { files, body: rest } = endpointAt(path).takeFiles?.(body) ?? { files: [], body };
  return { files: files.map(({ extension, bytes }) => [extension, bytes.length]), rest };
}

describe('files of an answer', () => {
  const red = png(Buffer.from([255, 0, 0]));
  const tone = wav(440);
  const image = red.toString('base64');
  const audio = tone.toString('base64');

  test('are its images, whose other fields are kept', () => {
    const body = {
      created: 1,
      data: [
        { b64_json: image },
        { b64_json: image, revised_prompt: 'redder' },
        { url: 'https://example.com' },
      ],
    };

    expect(taken('/v1/images/generations', body)).toEqual({
      files: [
        ['png', red.length],
        ['png', red.length],
      ],
      rest: { created: 1, data: [{}, { revised_prompt: 'redder' }, { url: 'https://example.com' }] },
    });
    expect(taken('/v1/images/generations', { data: [{ b64_json: image }] }).rest).toEqual({});
  });

  test.each([
    ['the body itself', audio, {}],
    ['a field', { audio, format: 'wav' }, { format: 'wav' }],
    ['a field of a field', { audio: { data: audio }, id: 'a' }, { id: 'a' }],
    ['a data URI', { data: `data:audio/wav;base64,${audio}` }, {}],
  ])('is speech in %s', (_, body, rest) => {
    expect(taken('/v1/audio/speech', body)).toEqual({ files: [['wav', tone.length]], rest });
  });

  test.each([[null], ['a text that is not base64, though it is long enough'], [{ audio: 'short' }], [{}]])(
    'are not found in %j, which is kept',
    (body) => {
      expect(taken('/v1/audio/speech', body)).toEqual({ files: [], rest: body });
      expect(taken('/v1/images/generations', body)).toEqual({ files: [], rest: body });
    },
  );

  test.each([
    ['png', red],
    ['jpg', Buffer.from('\xff\xd8\xff\xe0', 'latin1')],
    ['webp', Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')],
    ['wav', tone],
    ['mp3', Buffer.from('ID3\x04', 'latin1')],
    ['mp3', Buffer.from('\xff\xfb\x90', 'latin1')],
    ['aac', Buffer.from('\xff\xf1\x50', 'latin1')],
    ['ogg', Buffer.from('OggS\0', 'latin1')],
    ['flac', Buffer.from('fLaC\0', 'latin1')],
    ['bin', Buffer.from([0, 1, 2])],
  ])('are recognised as %s by their first bytes', (extension, head) => {
    const bytes = Buffer.concat([head, Buffer.alloc(64)]);

    expect(taken('/v1/audio/speech', bytes.toString('base64')).files).toEqual([[extension, bytes.length]]);
  });
});

test('a response whose status is in upper case is an answer', () => {
  const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a' }] }];

  expect(shown('/v1/responses', { status: 'COMPLETED', output })).toEqual({
    text: 'a',
    finish_reason: 'stop',
  });
});

test('a text part with its text under "value" is read as text and kept whole beside it', () => {
  const choices = [
    {
      index: 0,
      message: { role: 'assistant', content: [{ type: 'text', text: { value: 'a', annotations: [] } }] },
    },
  ];

  expect(shown('/v1/chat/completions', { choices })).toEqual({
    text: 'a',
    finish_reason: null,
    body: { choices },
  });
});
