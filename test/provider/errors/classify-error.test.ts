import { describe, expect, test } from 'vitest';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { classifyError, readTokensRejection } from '../../../src/provider/errors/classify-error.ts';
import { backoffMs, parseRetryAfter } from '../../../src/provider/http/retry-after.ts';

const CODES = builtInDialect('melious').codes;

const melious = (code: string): string => JSON.stringify({ error: { code, message: 'said so' } });

describe('an error response', () => {
  test.each([
    [401, melious('AUTH_1007'), 'ProviderDenied'],
    [401, '', 'ProviderDenied'],
    [402, melious('BILLING_2001'), 'ProviderDenied'],
    [400, melious('BILLING_2003'), 'ProviderDenied'],
    [403, melious('AUTH_1015'), 'ProviderDenied'],
    [404, '{"detail":"Not Found"}', 'ProviderNotFound'],
    [404, melious('INFERENCE_3001'), 'ProviderNotFound'],
    [408, '', 'ProviderUnavailable'],
    [425, '', 'ProviderUnavailable'],
    [429, melious('AUTH_1028'), 'ProviderThrottled'],
    [429, '', 'ProviderThrottled'],
    [503, melious('INFERENCE_3108'), 'ProviderThrottled'],
    [500, '', 'ProviderUnavailable'],
    [502, '<html>Bad Gateway</html>', 'ProviderUnavailable'],
    [503, melious('INFERENCE_3103'), 'ProviderUnavailable'],
    [503, melious('INFERENCE_3104'), 'ProviderRejected'],
    [302, '', 'ProviderUnavailable'],
    [400, melious('VALIDATION_4001'), 'ProviderRejected'],
    [
      409,
      '{"error":{"message":"ended","type":"invalid_request_error","param":null,"code":null}}',
      'ProviderRejected',
    ],
    [413, '', 'ProviderFileTooLarge'],
    [422, '{"error":"plain"}', 'ProviderRejected'],
    [422, '{"detail":[{"loc":["body"],"msg":"field required"}]}', 'ProviderRejected'],
    [501, '', 'ProviderRejected'],
    [503, '{"code":50505,"message":"overloaded","data":null}', 'ProviderUnavailable'],
    [401, '"Invalid token"', 'ProviderDenied'],
  ])('%i %j is %s', (status, body, name) => {
    const error = classifyError({ action: 'create batch', status, body }, CODES);

    expect(error.name).toBe(name);
    expect(error.message).toMatch(new RegExp(`^create batch: ${status} `));
  });

  test('has the message and the code of the provider', () => {
    const error = classifyError(
      { action: 'create batch', status: 400, body: melious('VALIDATION_4001') },
      CODES,
    );

    expect(error.message).toBe('create batch: 400 said so [VALIDATION_4001]');
  });

  test.each([
    ['<html><head><title>413 Request Entity Too Large</title></head></html>', '413 Request Entity Too Large'],
    ['413', '413 an answer without a message'],
    ['HTTP 413: no', 'HTTP 413: no'],
    ['{"message":"Error code: 413 - too much"}', 'Error code: 413 - too much'],
    ['{"detail":"Status 413"}', 'Status 413'],
    ['{"message":"4130 rows are too many"}', '413 4130 rows are too many'],
    ['{"message":"at most 413 rows"}', '413 at most 413 rows'],
    ['', '413 no message'],
  ])('names its status once: %s', (body, expected) => {
    const { message } = classifyError({ action: 'upload', status: 413, body }, CODES);

    expect(message.replace(/ \[\d+\]$/, '')).toBe(`upload: ${expected}`);
  });

  test.each([
    [401, '', 'ProviderUnavailable'],
    [403, '{"error":{"message":"no"}}', 'ProviderUnavailable'],
    [403, melious('BILLING_2001'), 'ProviderDenied'],
    [404, '', 'ProviderNotFound'],
  ])('to the download of a file: %i %j is %s', (status, body, name) => {
    expect(classifyError({ action: 'download', status, body, concerns: 'file' }, CODES).name).toBe(name);
  });

  test('has a bounded length and no HTML', () => {
    const long = JSON.stringify({ error: { code: 'x'.repeat(1_000), message: 'y'.repeat(100_000) } });

    expect(classifyError({ action: 'a', status: 400, body: long }, CODES).message.length).toBeLessThan(600);
    expect(
      classifyError({ action: 'a', status: 502, body: '<html>secret</html>' }, CODES).message,
    ).not.toContain('html');
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-01T00:00:00Z');

  test.each([
    ['3', 3_000],
    ['0', undefined],
    ['-5', undefined],
    ['1.5', 1_500],
    ['Sun, 01 Nov 2026 00:00:10 GMT', 10_000],
    ['Sat, 31 Oct 2026 00:00:00 GMT', undefined],
    ['5, 5', undefined],
    ['1e400', undefined],
    ['1e306', undefined],
    [String(now / 1_000 + 7), 7_000],
    [String(now + 7_000), 7_000],
    [String(now - 7_000), undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j milliseconds', (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });

  test('if it is absent, waits grow up to a limit', () => {
    expect([1, 2, 3, 4, 5, 9].map((attempt) => backoffMs(attempt, 0))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 8_000,
    ]);
    expect(backoffMs(1, 0.999)).toBeGreaterThan(370);
  });
});

describe('a refusal for too many enqueued tokens', () => {
  test.each([
    [
      'Enqueued token limit reached for gpt-x in organization org-1. Limit: 2,000,000 enqueued tokens. Please try again.',
      2_000_000,
    ],
    [
      "The number of enqueued tokens has surpassed the configured limit of 30K for the deployment 'gpt-4.1-batch'.",
      30_000,
    ],
    ['Enqueued tokens: the limit is 1.5M', 1_500_000],
    ['enqueued token limit: 90_000', 90_000],
    ['limit=250 enqueued tokens', 250],
    ['Limit: 2 million enqueued tokens', 2_000_000],
    ['Limit: 2000000.0, 5 batches are queued', 2_000_000],
  ])('names its limit: %s', (message, limit) => {
    expect(readTokensRejection('token_limit_exceeded', message)).toEqual({ limit });
  });

  test.each([
    ['token_limit_exceeded', 'Too much.'],
    ['batch_enqueued_token_limit_exceeded', 'Try again in 5 minutes.'],
    ['429', 'Too many enqueued tokens for now.'],
    ...[
      '90.000',
      '90 000',
      '90\u00a0000',
      "90'000",
      '2,00,000',
      '1,5M',
      '5e6',
      '1.35',
      '0',
      '-5',
      '1,234_567',
    ].map((limit) => ['token_limit_exceeded', `Limit: ${limit} enqueued tokens`]),
  ])('may name no limit: %s, %s', (code, message) => {
    expect(readTokensRejection(code, message)).toEqual({});
  });

  test.each([
    ['quotaExceeded', 'The file storage quota is used up. Limit: 500 files.'],
    ['too_many_batches', 'At most 10 batches.'],
    ['rate_limit_exceeded', 'Limit: 60 requests a minute.'],
  ])('is not confused with other errors: %s', (code, message) => {
    expect(readTokensRejection(code, message)).toBeUndefined();
  });
});
