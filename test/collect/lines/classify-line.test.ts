import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { classifyLine, type RowCodes, type Verdict } from '../../../src/collect/lines/classify-line.ts';
import { ONE_INPUT } from '../../../src/endpoints/asked.ts';
import { CHAT } from '../../../src/endpoints/chat.ts';
import type { Wire } from '../../../src/provider/wire.ts';

const CODES = builtInDialect('melious').codes;

const BODY = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' } }] };

const classify = (line: Wire, codes: RowCodes = CODES): Verdict =>
  classifyLine(line, { codes, endpoint: CHAT }, ONE_INPUT);

const melious = (code: string) => ({ response: null, error: { code, message: 'm' } });
const openai = (status_code: number, body: unknown) => ({ response: { status_code, body }, error: null });

describe('a result line', () => {
  test.each([
    ['OpenAI’s success', openai(200, BODY)],
    ['Melious’ success, which has no status', { response: { body: BODY }, error: null }],
    ['an answer with the status 0', openai(0, BODY)],
    ['an answer with a status in words', { response: { status_code: 'HTTP/1.1 200 OK', body: BODY } }],
    [
      'an answer beside an error with the code 0',
      { response: { body: BODY }, error: { code: '0', message: '' } },
    ],
    ['an answer beside an error that is not available', { response: { body: BODY }, error: 'N/A' }],
    ['a success without an error field', { response: { status_code: 200, body: BODY } }],
    ['a body that is a JSON string', openai(200, JSON.stringify(BODY))],
    ['a body that is a string of a JSON string', openai(200, JSON.stringify(JSON.stringify(BODY)))],
    ['a body that is a JSON string with a byte order mark', openai(200, `\ufeff${JSON.stringify(BODY)}`)],
    ['an answer in place of its response', { response: BODY, error: null }],
    ['an answer beside the status of its response', { response: { status_code: 200, ...BODY } }],
    ['a status under another name', { response: { statusCode: 200, body: BODY } }],
    ['an error that says None', { ...openai(200, BODY), error: 'None' }],
    ['an error that says null', { ...openai(200, BODY), error: 'null' }],
    ['an empty list of errors', { ...openai(200, BODY), errors: [] }],
    ['an error that is an empty text', { ...openai(200, BODY), error: '' }],
    ['an error without fields', { ...openai(200, BODY), error: {} }],
    ['an error that is a success', { ...openai(200, BODY), error: { code: 200, message: 'Success' } }],
    ['an error with the code 0', { ...openai(200, BODY), error: { code: 0, message: 'ok' } }],
    ['an error that says OK', { ...openai(200, BODY), error: 'OK' }],
    ['an error whose fields are empty', { ...openai(200, BODY), error: { code: null, message: '' } }],
  ])('is ok: %s', (_, line) => {
    expect(classify(line)).toMatchObject({ kind: 'ok', body: BODY });
  });

  test.each([
    ['retriable', 'INFERENCE_3103', melious('INFERENCE_3103')],
    ['retriable', 'INFERENCE_3107', melious('INFERENCE_3107')],
    ['retriable', 'INFERENCE_3108', melious('INFERENCE_3108')],
    ['retriable', 'AUTH_1028', melious('AUTH_1028')],
    ['retriable', 'batch_expired', melious('batch_expired')],
    ['retriable', 'batch_cancelled', melious('batch_cancelled')],
    ['permanent', 'INFERENCE_3207', melious('INFERENCE_3207')],
    ['permanent', 'INFERENCE_3001', melious('INFERENCE_3001')],
    ['halting', 'BILLING_2003', melious('BILLING_2003')],
    ['halting', 'AUTH_1008', melious('AUTH_1008')],
    ['permanent', 'INFERENCE_3104', openai(503, { error: { code: 'INFERENCE_3104', message: 'm' } })],
    ['retriable', 'INFERENCE_3103', openai(400, { error: { code: 'INFERENCE_3103', message: 'm' } })],
    [
      'permanent',
      'invalid_request_error',
      openai(400, { error: { type: 'invalid_request_error', message: 'm' } }),
    ],
    ['halting', 'HTTP_401', openai(401, null)],
    ['halting', 'insufficient_quota', openai(402, { error: { code: 'insufficient_quota', message: 'm' } })],
    ['halting', 'HTTP_403', openai(403, {})],
    ...[408, 409, 425, 429, 500, 502, 503, 504, 529].map(
      (status) => ['retriable', `HTTP_${status}`, openai(status, null)] as const,
    ),
    ['retriable', 'HTTP_0', openai(0, null)],
    ['permanent', 'HTTP_404', openai(404, null)],
    ['retriable', 'EMPTY_RESULT', { response: null, error: null }],
    ['retriable', 'EMPTY_RESULT', {}],
    ['retriable', 'EMPTY_RESULT', openai(200, null)],
    ['retriable', 'EMPTY_RESULT', { status: 'failed', message: 'nothing came of it' }],
    ['retriable', '502', { error_message: 'no engine', error_code: 502 }],
    ['retriable', 'EMPTY_RESULT', { response: null, error: '' }],
    ['retriable', 'EMPTY_RESULT', { response: null, error: true }],
    ['permanent', 'UNEXPECTED_RESULT', { response: { status_code: 200, body: BODY }, error: true }],
    ['retriable', 'HTTP_500', { response: null, status: 500, error: 'it broke' }],
    ['retriable', 'HTTP_503', { response: { status_code: 'HTTP 503', body: BODY }, error: null }],
    [
      'permanent',
      '400',
      { response: {}, request: {}, status: 'Bad Request: {"error":{"code":400,"message":"no"}}' },
    ],
    [
      'permanent',
      'UNEXPECTED_RESULT',
      openai(200, { choices: null, base_resp: { status_msg: 'no credit' } }),
    ],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { embedding: { values: [0.1, 0.2] } })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { scores: [0.1] })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { data: [{ index: 0, score: 0.1 }] })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: [], output_text: 'hello' })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { url: 'https://files.example/1' })],
    ['retriable', 'HTTP_500', { ...openai(500, null), error: {} }],
    ['permanent', 'UNKNOWN', { response: null, error: 'it broke' }],
    ['permanent', 'UNKNOWN', { response: null, error: { code: null, message: 'it broke' } }],
    ['retriable', '429', melious('429')],
    ['halting', '402', melious('402')],
    ['permanent', '400', melious('400')],
    ['retriable', 'HTTP_429', { response: { statusCode: 429, body: { message: 'slow' } } }],
    ['permanent', 'HTTP_400', { response: { status: 400, body: { message: 'no' } } }],
    ['retriable', '429', openai(200, { error: { code: JSON.rawJSON('429.0'), message: 'm' } })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: [{ index: 0, delta: { content: 'a' } }] })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: [{ index: 0, text: 'a' }] })],
    ['retriable', 'EMPTY_RESULT', openai(200, { choices: [{ index: 0, finish_reason: 'stop' }] })],
    ['permanent', 'UNEXPECTED_RESULT', { response: [BODY], error: null }],
    ['retriable', 'HTTP_500', { response: { status_code: 500, body: null }, error: 'it broke' }],
    ['retriable', '503', openai(200, { error: { code: 503, message: 'm' } })],
    [
      'retriable',
      'ServiceUnavailableError',
      openai(200, { error: { type: 'ServiceUnavailableError', message: 'm' } }),
    ],
    ['retriable', 'server_error', { response: null, error: { type: 'server_error', message: 'm' } }],
    [
      'retriable',
      'request_timeout',
      openai(200, JSON.stringify({ error: { code: 'request_timeout', message: 'm' } })),
    ],
    [
      'permanent',
      'context_length_exceeded',
      openai(200, { error: { code: 'context_length_exceeded', message: 'm' } }),
    ],
    [
      'permanent',
      'bad',
      { response: { status_code: 400, error: { code: 'bad', message: 'm' } }, error: null },
    ],
    ['retriable', '500', { response: null, error: { error: { code: 500, type: 'Internal', message: 'm' } } }],
    ['halting', '402', openai(200, { error: { code: 402, message: 'm' } })],
    ['retriable', 'EMPTY_RESULT', openai(200, { choices: [{ finish_reason: 'stop' }] })],
    [
      'retriable',
      'ANSWER_BROKEN_OFF',
      openai(200, { choices: [{ ...BODY.choices[0], finish_reason: 'error' }] }),
    ],
    [
      'retriable',
      'ANSWER_BROKEN_OFF',
      openai(200, { choices: [{ ...BODY.choices[0], finish_reason: 'abort' }] }),
    ],
    [
      'retriable',
      'ANSWER_BROKEN_OFF',
      openai(200, { choices: [{ ...BODY.choices[0], finish_reason: 'Network_Error' }] }),
    ],
    [
      'retriable',
      'ANSWER_BROKEN_OFF',
      openai(200, { choices: [{ ...BODY.choices[0], finish_reason: 'insufficient_system_resource' }] }),
    ],
    ['retriable', 'HTTP_499', openai(499, '')],
    ['retriable', 'HTTP_424', openai(424, '')],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { text: 'a' })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { output_text: 'a', usage: { tokens: 3 } })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { role: 'assistant', content: 'a' })],
    ['retriable', 'EMPTY_RESULT', openai(200, { output_text: ' ', status: 'done' })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: 5 })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: [{ index: 0 }, { delta: { content: 'a' } }] })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { output: [{ text: 'a' }] })],
    ['retriable', 'EMPTY_RESULT', openai(200, { choices: [], output: [{ text: 'a' }] })],
    ['retriable', 'EMPTY_RESULT', openai(200, { model: 'm', usage: { tier: 'batch' }, timings: { all: 3 } })],
    ['retriable', 'EMPTY_RESULT', openai(200, { choices: [], type: 'chat' })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, 'I am sorry.')],
  ] as const)('is %s: %s', (kind, code, line) => {
    expect(classify(line)).toMatchObject({ kind, code });
  });

  test.each([
    ['a body that may be paid for', openai(200, { data: { text: 'a' } }), true],
    ['an answer beside an error', { ...openai(200, BODY), error: { code: 'x', message: 'm' } }, true],
    ['nothing that its error does not say', openai(200, { error: { code: 'x', message: 'm' } }), false],
    ['no body of a failed call', openai(400, { data: { text: 'a' } }), false],
    [
      'no body of a failed call beside its error',
      { ...openai(500, { data: { text: 'a' } }), error: { code: 'x', message: 'm' } },
      false,
    ],
  ])('keeps %s', (_what, line, isKept) => {
    expect('body' in classify(line)).toBe(isKept);
  });

  test('has a message if an error body has a name but no message', () => {
    expect(classify(openai(200, { choices: [], type: 'chat' }))).toMatchObject({
      message: 'The answer has no "choices".',
    });
  });

  test.each([
    ['Request timed out.'],
    ['upstream request timeout'],
    ['The server is overloaded, please try again later'],
    ['Rate limit reached for m on tokens per min. Please try again in 6s.'],
    ['Too Many Requests'],
    ['The model is temporarily unavailable'],
    ['upstream connect error or disconnect: connection reset'],
    ['Internal Server Error'],
    ['503 Service Unavailable'],
    ['Request failed with status code 502'],
    ["Client error '429 Too Many Requests' for url 'http://a'"],
  ])(
    'whose error is a text without a code is sent again if the text names a temporary failure: %s',
    (text) => {
      for (const line of [
        { response: null, error: text },
        { response: null, error: { message: text } },
        { response: null, error: { code: 'inference_failed', message: text } },
        openai(200, { error: text }),
        openai(200, { error: { type: 'api_error', code: null, message: text } }),
        openai(200, { ...BODY, errors: [{ message: text }] }),
        openai(400, { detail: text }),
        openai(500, { error: text }),
        openai(429, text),
      ])
        expect({ line, kind: classify(line).kind }).toEqual({ line, kind: 'retriable' });
    },
  );

  test.each([
    ['permanent', 'it broke'],
    ['permanent', 'Invalid value for "timeout": must be a number'],
    ['permanent', 'You exceeded your current quota, please try again later'],
    ['permanent', 'The prompt has 500 tokens more than the model takes'],
    ['permanent', 'Could not fetch the image: HTTP 403'],
    ['permanent', 'Could not fetch the image: status code 401'],
  ])('whose error is a text without a code is otherwise %s: %s', (kind, text) => {
    for (const line of [{ response: null, error: text }, openai(400, { error: text })])
      expect({ text, kind: classify(line).kind }).toEqual({ text, kind });
  });

  test('with a known code is not judged by its text', () => {
    const said = { message: 'Request timed out, try again later' };
    expect(classify(openai(400, { error: { ...said, code: 'context_length_exceeded' } })).kind).toBe(
      'permanent',
    );
    expect(classify(openai(404, { error: said })).kind).toBe('permanent');
    expect(classify({ error: { ...said, code: 'INFERENCE_3207' } }).kind).toBe('permanent');
  });

  const ERRORS = [{ code: 'busy', message: 'not today' }];
  const [CHOICE] = BODY.choices;

  test.each([
    ['beside the choices', { ...BODY, error: ERRORS[0] }],
    ['beside the choices in a list', { ...BODY, errors: ERRORS }],
    ['beside the choices as one of several', { ...BODY, error: null, errors: ERRORS[0] }],
    ['in a choice', { choices: [{ ...CHOICE, error: ERRORS[0] }] }],
    ['in a list of a choice', { choices: [{ ...CHOICE, errors: ERRORS }] }],
    ['in a message', { choices: [{ ...CHOICE, message: { ...CHOICE?.message, error: ERRORS[0] } }] }],
    ['in a list of a message', { choices: [{ ...CHOICE, message: { ...CHOICE?.message, errors: ERRORS } }] }],
    ['as a detail', { ...BODY, detail: { error: ERRORS[0] } }],
    ['as details', { ...BODY, detail: [{ loc: ['body'], msg: 'not today' }] }],
    ['as a detail in words', { ...BODY, detail: 'not today' }],
  ])('with an error %s is no answer', (_, body) => {
    expect(classify(openai(200, body))).toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('not today') as string,
      body,
    });
  });

  test.each<[string, object, boolean]>([
    ['words that are told', { error: { message: 'not today', code: 'busy', type: 'x', param: 'p' } }, false],
    ['two errors that are told', { error: { message: 'one' }, errors: [{ message: 'two' }] }, false],
    ['words beside those that are told', { error: { message: 'one' }, message: 'two' }, true],
    ['words under a name of its own', { error: { message: 'one', hint: 'two' } }, true],
    ['words that lie deeper', { error: { message: 'one', errors: { message: { said: 'two' } } } }, true],
  ])('that is an error with %s is kept whole if text would be lost', (_, body, isShown) => {
    const verdict = classify(openai(200, body));

    expect(verdict.kind).not.toBe('ok');
    expect('body' in verdict).toBe(isShown);
    for (const word of ['one', 'two'])
      if (JSON.stringify(body).includes(word)) expect(JSON.stringify(verdict)).toContain(word);
  });

  test.each([[null], [false], [[]], [{}], [''], [0], [[null]], [{ code: null, message: '' }]])(
    'is an answer beside the error %j, which says nothing',
    (nothing) => {
      for (const name of ['error', 'errors', 'detail'])
        for (const body of [
          { ...BODY, [name]: nothing },
          { choices: [{ ...CHOICE, [name]: nothing }] },
          { choices: [{ ...CHOICE, message: { ...CHOICE?.message, [name]: nothing } }] },
        ])
          expect({ body, kind: classify(openai(200, body)).kind }).toEqual({ body, kind: 'ok' });
    },
  );

  test.each([
    ['the line', { response: { body: BODY }, errors: ERRORS }],
    ['its response', { response: { body: BODY, errors: ERRORS }, error: null }],
  ])('with a list of errors in %s is not an answer', (_, line) => {
    expect(classify(line)).toMatchObject({ kind: 'permanent', code: 'busy', message: 'not today' });
  });

  test('is an answer beside a number of errors and a detail of one word', () => {
    expect(classify(openai(200, { ...BODY, errors: 3, detail: 'high' })).kind).toBe('ok');
  });

  test('is retriable when the profile says so', () => {
    expect(classify(melious('INFERENCE_9999'), { ...CODES, retriable: ['INFERENCE_9999'] })).toMatchObject({
      kind: 'retriable',
    });
  });

  test('can be read with any values in its fields', () => {
    const anything = fc.record({ response: fc.jsonValue(), error: fc.jsonValue() }, { requiredKeys: [] });
    fc.assert(
      fc.property(anything, (line) => {
        expect(['ok', 'retriable', 'halting', 'permanent']).toContain(classify(line).kind);
      }),
    );
  });
});
