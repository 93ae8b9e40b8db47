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
    ['a success without an error field', { response: { status_code: 200, body: BODY } }],
    ['a body that is a JSON string', openai(200, JSON.stringify(BODY))],
    ['an error that is an empty text', { ...openai(200, BODY), error: '' }],
    ['an error without fields', { ...openai(200, BODY), error: {} }],
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
    ['retriable', 'HTTP_0', openai(0, BODY)],
    ['retriable', 'HTTP_0', openai(0, null)],
    ['permanent', 'HTTP_404', openai(404, null)],
    ['retriable', 'EMPTY_RESULT', { response: null, error: null }],
    ['retriable', 'EMPTY_RESULT', {}],
    ['retriable', 'EMPTY_RESULT', openai(200, null)],
    ['retriable', 'EMPTY_RESULT', { response: null, error: '' }],
    ['retriable', 'HTTP_500', { ...openai(500, null), error: {} }],
    ['permanent', 'UNKNOWN', { response: null, error: 'it broke' }],
    ['permanent', 'UNKNOWN', { response: null, error: { code: null, message: 'it broke' } }],
    ['retriable', '429', melious('429')],
    ['halting', '402', melious('402')],
    ['permanent', '400', melious('400')],
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
    ['permanent', 'UNEXPECTED_RESULT', openai(200, { choices: 5 })],
    ['permanent', 'UNEXPECTED_RESULT', openai(200, 'I am sorry.')],
  ] as const)('is %s: %s', (kind, code, line) => {
    expect(classify(line)).toMatchObject({ kind, code });
  });

  test('is retriable when the profile says so', () => {
    expect(classify(melious('INFERENCE_9999'), { ...CODES, retriable: ['INFERENCE_9999'] })).toMatchObject({
      kind: 'retriable',
    });
  });

  test('is read whatever its fields hold', () => {
    const anything = fc.record({ response: fc.jsonValue(), error: fc.jsonValue() }, { requiredKeys: [] });
    fc.assert(
      fc.property(anything, (line) => {
        expect(['ok', 'retriable', 'halting', 'permanent']).toContain(classify(line).kind);
      }),
    );
  });
});
