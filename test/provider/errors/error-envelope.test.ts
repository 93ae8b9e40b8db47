import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readError } from '../../../src/provider/errors/error-envelope.ts';
import { isOnlyError, saysNothing } from '../../../src/provider/errors/error-signs.ts';

const HTML =
  '<html>\r\n<head><title>502 Bad Gateway</title><style>b { color: red }</style></head>\r\n<body>nginx</body></html>';

describe('the error of', () => {
  test.each([
    [
      'an object with a code',
      { error: { code: 'INFERENCE_3207', message: 'too long' } },
      'INFERENCE_3207',
      'too long',
    ],
    [
      'an object with a type',
      { error: { message: 'no', type: 'bad_input', param: null, code: null } },
      'bad_input',
      'no',
    ],
    ['an object with a number for a code', { error: { code: 400, message: 'm' } }, '400', 'm'],
    [
      'an error in an error',
      { error: { error: { message: 'engine died', type: 'Internal', code: 500 } } },
      '500',
      'engine died',
    ],
    [
      'an error around a typed one',
      { type: 'error', error: { type: 'overloaded', message: 'busy' } },
      'overloaded',
      'busy',
    ],
    [
      'an error that its gateway wrapped in another one',
      { error: { code: 400, error: { code: 500, message: 'engine died' } } },
      '500',
      'engine died (in an error 400)',
    ],
    [
      'an error that its gateway wrapped as a text',
      { error: { code: 400, message: '{"error":{"code":500,"message":"engine died"}}' } },
      '500',
      'engine died (in an error 400)',
    ],
    [
      'an error that its gateway wrapped as a text, under another name',
      { error: { type: 'BadRequest', message: '{"error":{"code":"overloaded","message":"busy"}}' } },
      'overloaded',
      'busy (in an error BadRequest)',
    ],
    [
      'two errors with codes of their own, none of which wraps the other',
      {
        errors: [
          { code: 400, message: 'a' },
          { code: 500, message: 'b' },
        ],
      },
      '400',
      'a; b',
    ],
    [
      'a router, with the words of the provider behind it',
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":{"message":"too many tokens","code":"context_length_exceeded"}}' },
        },
      },
      '400',
      'Provider returned error: too many tokens',
    ],
    [
      'a fault',
      { fault: { faultstring: 'Quota', detail: { errorcode: 'policies.QuotaViolation' } } },
      'policies.QuotaViolation',
      'Quota',
    ],
    ['a message in upper case', { Message: 'denied', __type: 'AccessDenied' }, 'AccessDenied', 'denied'],
    ['a code that is written as a fraction', { code: JSON.rawJSON('429.0'), message: 'm' }, '429', 'm'],
    ['a text', { error: 'plain' }, undefined, 'plain'],
    [
      'a title and a message',
      { statusCode: 400, error: 'Bad Request', message: 'no model' },
      '400',
      'Bad Request: no model',
    ],
    ['a detail', { detail: 'Not found' }, undefined, 'Not found'],
    [
      'a list of details',
      { detail: [{ loc: ['body'], msg: 'field required' }] },
      undefined,
      'field required',
    ],
    [
      'details of fields',
      {
        detail: [
          { loc: ['body', 'messages'], msg: 'field required', type: 'missing' },
          { loc: ['body', 'n'], msg: 'no integer' },
        ],
      },
      undefined,
      'messages: field required; n: no integer',
    ],
    ['a detail that is an error', { detail: { error: { code: 'busy', message: 'later' } } }, 'busy', 'later'],
    ['a message and a code', { code: 20012, message: 'no such model', data: null }, '20012', 'no such model'],
    [
      'a problem document',
      { type: 'about:blank', title: 'Slow down', status: 429, detail: 'One call a second.' },
      '429',
      'One call a second.',
    ],
    ['a list', { errors: [{ message: 'a', code: 'x' }, { message: 'b' }] }, 'x', 'a; b'],
    ['a bare list', [{ error: { message: 'a', code: 7 } }], '7', 'a'],
    [
      'a list of texts',
      { message: ['a is empty', 'b is odd'], statusCode: 400 },
      '400',
      'a is empty; b is odd',
    ],
    ['JSON as text', '{"error":{"code":"x","message":"m"}}', 'x', 'm'],
    ['JSON as text in an error', { error: '{"error":{"code":429,"message":"later"}}' }, '429', 'later'],
    [
      'a Python dict as text',
      "{'error': {'message': \"it's full\", 'code': 503, 'param': None, 'again': True,}}",
      '503',
      "it's full",
    ],
    [
      'a Python dict in a message',
      { error: { message: "{'message': 'no', 'type': 'bad', 'at': (1, 2)}" } },
      'bad',
      'no',
    ],
    [
      'a Python SDK',
      "Error code: 429 - {'error': {'message': 'slow down', 'code': 'rate_limit'}}",
      'rate_limit',
      "Error code: 429 - {'error': {'message': 'slow down', 'code': 'rate_limit'}}",
    ],
    ['a status', { error: 503 }, '503', undefined],
    ['a status and its words', '503 Service Unavailable', '503', '503 Service Unavailable'],
    ['a client', 'Request failed with status code 502', '502', 'Request failed with status code 502'],
    ['words with a number', '500 tokens too many', undefined, '500 tokens too many'],
    ['words about an address', 'the image: HTTP 403', undefined, 'the image: HTTP 403'],
    ['a page', HTML, '502', '502 Bad Gateway'],
    [
      'a page without a title',
      '<html><body><p>Try  again &amp; wait</p></body></html>',
      undefined,
      'Try again & wait',
    ],
    ['a page that says nothing', '<html>', undefined, undefined],
    [
      'a document of a store',
      '<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>',
      'SlowDown',
      'Reduce your rate.',
    ],
    ['words', 'upstream connect error', undefined, 'upstream connect error'],
    ['words with brackets', 'bad value [a, b', undefined, 'bad value [a, b'],
    ['fields that are not known', { error: { problem: 'quota' } }, undefined, '{"problem":"quota"}'],
    ['nothing', {}, undefined, undefined],
    ['null', null, undefined, undefined],
  ])('%s is read', (_, value, code, message) => {
    expect(readError(value)).toMatchObject({ code, message });
  });

  test.each([
    [{ error: { code: 'inference_failed', error: { code: '503', message: 'm' } } }, 503],
    [{ error: { code: 400, message: '{"error":{"code":500,"message":"engine died"}}' } }, 500],
    [{ error: { code: 'busy', message: 'm', status: 429 } }, 429],
    ["Error code: 502 - {'detail': 'm'}", 502],
    [{ error: { code: 503, message: 'm', status: 400 } }, 503],
    [
      {
        errors: [
          { code: 429, message: 'm' },
          { code: 400, message: 'n' },
        ],
      },
      429,
    ],
    ["Client error '404 Not Found' for url 'http://a'", 404],
    ['429, message=Too Many Requests, url=http://a', 429],
    ['failed with status_code=503', 503],
    [{ error: { code: 20012, message: 'm' } }, undefined],
  ])('%j has the wrapped status: %s', (value, status) => {
    expect(readError(value).status).toBe(status);
  });
});

test.each([
  [null],
  [''],
  [false],
  [0],
  [{}],
  [[]],
  [{ code: null, message: '', details: {} }],
  [{ code: 0 }],
])('the error %j has no message', (error) => {
  expect(saysNothing(error)).toBe(true);
  expect(isOnlyError({ error })).toBe(false);
});

test.each([
  [{ error: 'x' }],
  [{ error: { code: 1 }, user_id: 'u' }],
  [{ detail: 'x' }],
  [{ message: 'x', code: 'y' }],
  [{ object: 'error', message: 'x', type: 'y', code: 400 }],
])('%j is only an error', (body) => {
  expect(isOnlyError(body)).toBe(true);
});

test.each([
  [{ error: null, id: 'x' }],
  [{ message: 'done' }],
  [{ code: 200, message: 'ok' }],
  [{ error: 'x', data: [] }],
  ['x'],
  [{}],
])('%j is more than an error, or not an error', (body) => {
  expect(isOnlyError(body)).toBe(false);
});

test('no value makes the reader throw, and every text of an error is kept', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.stringMatching(/^[a-z ]{1,30}[a-z]$/), (value, words) => {
      readError(value);
      readError(JSON.stringify(value));
      for (const envelope of [
        { error: { message: words } },
        { detail: words },
        words,
        [words],
        { message: words, code: 1 },
      ])
        expect(readError(envelope).message).toBe(words);
    }),
  );
});
