import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInDialect, DIALECTS, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { required } from '../../src/provider/expected.ts';
import { readBatch, readFile, readListPage } from '../../src/provider/wire.ts';

const MELIOUS = {
  id: 'batch_abc123',
  object: 'batch',
  endpoint: '/v1/chat/completions',
  errors: null,
  input_file_id: 'file_abc123',
  completion_window: '24h',
  status: 'queued',
  output_file_id: null,
  error_file_id: null,
  created_at: 1_711_471_533,
  in_progress_at: null,
  expires_at: 1_711_557_933,
  request_counts: { processing: 0, succeeded: 0, errored: 0 },
  metadata: { key: 'job/00000/1' },
};

describe('a batch', () => {
  test.each([
    [{ code: 'validation_error', message: 'Line 3: Invalid JSON - Extra data', line: null }, 3],
    [{ code: 'validation_error', message: 'Line 3: Invalid JSON', line: 7 }, 7],
    [{ code: 'validation_error', message: 'line 12: custom_id must be a string' }, 12],
    [{ code: 'validation_error', message: 'Outline 3: a text about lines' }, undefined],
    [{ code: 'validation_error', message: 'Line 3 of your plan' }, undefined],
  ])('that failed because of %j names the line %j', (error, line) => {
    const failed = { ...MELIOUS, status: 'failed', errors: { object: 'list', data: [error] } };

    expect(readBatch(failed, builtInDialect('aibrix'))?.errors).toMatchObject([
      { code: 'validation_error', line },
    ]);
  });

  test('is read in the format of Melious', () => {
    expect(readBatch(MELIOUS, builtInDialect('melious'))).toEqual({
      id: 'batch_abc123',
      status: 'queued',
      phase: 'running',
      ending: undefined,
      inputFileId: 'file_abc123',
      outputFileId: undefined,
      errorFileId: undefined,
      counts: { total: 0, succeeded: 0, failed: 0 },
      errors: [],
      metadata: { key: 'job/00000/1' },
      createdAt: 1_711_471_533,
      expiresAt: 1_711_557_933,
    });
  });

  test.each([
    ['melious', 'succeeded', 'ended', 'succeeded'],
    ['melious', 'EXPIRED', 'ended', 'expired'],
    ['melious', 'completed', 'running', undefined],
    ['melious', 'scheduling', 'running', undefined],
    ['melious', 'constructor', 'running', undefined],
    ['openai', 'completed', 'ended', 'succeeded'],
    ['openai', 'CANCELLED', 'ended', 'cancelled'],
    ['openai', 'cancelling', 'running', undefined],
    ['openai', 'Validating', 'running', undefined],
  ] as const)('of %s with the status %s is %s', (dialect, status, phase, ending) => {
    expect(readBatch({ ...MELIOUS, status }, builtInDialect(dialect))).toMatchObject({
      status,
      phase,
      ending,
    });
  });

  test.each([
    ['BatchStatus.COMPLETED', 'succeeded'],
    ['BATCH_STATUS_COMPLETED', 'succeeded'],
    ['JobStatus.COMPLETED', 'succeeded'],
    ['Completed', 'succeeded'],
    ['BATCH_STATUS_FAILED', 'failed'],
    ['JOB_STATE_EXPIRED', 'expired'],
    ['batch/cancelled', 'cancelled'],
    ['JobStatus.IN_PROGRESS', undefined],
    ['InProgress', undefined],
  ])('whose status has its type around it is understood: %s', (status, ending) => {
    expect(readBatch({ ...MELIOUS, status }, builtInDialect('openai'))).toMatchObject({ status, ending });
    expect(readBatch({ ...MELIOUS, status }, builtInDialect('openai'))).not.toHaveProperty('isUnknown');
  });

  const DONE = { output_file_id: 'file_out', request_counts: { total: 2, completed: 2, failed: 0 } };

  test.each([
    ['done', DONE, 'succeeded'],
    ['JobStatus.SUCCEEDED', { output_file_id: 'file_out' }, 'succeeded'],
    ['ended', { error_file_id: 'file_err' }, 'succeeded'],
    ['error', { errors: ['it broke'] }, 'failed'],
    ['timed out', DONE, 'expired'],
    ['Canceled', DONE, 'cancelled'],
    ['wrapped-up', DONE, 'succeeded'],
    ['done', {}, undefined],
    ['error', {}, undefined],
    ['wrapped-up', { output_file_id: 'file_out' }, undefined],
    ['wrapped-up', { ...DONE, request_counts: { total: 2, completed: 1, failed: 0 } }, undefined],
  ])('whose final status has another name has ended only if it shows so: %s %j', (status, shown, ending) => {
    const batch = readBatch({ ...MELIOUS, ...shown, status }, builtInDialect('openai'));

    expect(batch).toMatchObject({ phase: ending === undefined ? 'running' : 'ended', ending });
    expect(batch?.isUnknown).toBe(ending === undefined ? true : undefined);
  });

  test.each([
    ['job', { job: MELIOUS }],
    ['data', { data: MELIOUS, success: true }],
    ['batch', { code: 0, message: 'ok', batch: MELIOUS }],
    ['two wrappers', { result: { data: MELIOUS } }],
    ['a list of one', [MELIOUS]],
    ['a wrapped list of one', { data: [MELIOUS] }],
  ])('is read in %s', (_wrapper, value) => {
    expect(readBatch(value, builtInDialect('melious'))).toMatchObject({
      id: 'batch_abc123',
      status: 'queued',
    });
  });

  test.each([
    [{ data: [MELIOUS, MELIOUS] }],
    [{ data: { data: { data: { data: MELIOUS } } } }],
    [{ data: null, success: false }],
    ['batch'],
  ])('is not read in %j', (value) => {
    expect(readBatch(value, builtInDialect('melious'))).toBeUndefined();
  });

  test.each([
    [
      { success: false, data: null, message: 'try the other host' },
      '; it has success, data, message: try the other host.',
    ],
    [{}, ', but empty.'],
    [[1, 2], ', but a list.'],
    ['text', '.'],
  ])('that is missing in an answer is reported with the form of the answer: %j', (answer, form) => {
    expect(() => required('get batch b', undefined, answer)).toThrow(
      `get batch b: the answer is not the expected object${form}`,
    );
  });

  test.each([
    ['melious', { processing: 3, succeeded: 5, errored: 2 }, { total: 10, succeeded: 5, failed: 2 }],
    [
      'melious',
      { processing: 3, succeeded: 5, errored: 0, expired: 2 },
      { total: 10, succeeded: 5, failed: 0 },
    ],
    ['melious', { processing: null, succeeded: null, errored: null }, undefined],
    ['melious', null, undefined],
    ['openai', { total: 10, completed: 7, failed: 1 }, { total: 10, succeeded: 7, failed: 1 }],
    ['openai', { total: '10', completed: '7', failed: '1' }, { total: 10, succeeded: 7, failed: 1 }],
    ['openai', { total: 1, completed: 7, failed: 1 }, undefined],
    ['openai', { total: 10, completed: -7, failed: 1 }, undefined],
    ['openai', 'many', undefined],
  ] as const)('of %s has usable counters or none: %j', (dialect, request_counts, counts) => {
    expect(readBatch({ ...MELIOUS, request_counts }, builtInDialect(dialect))?.counts).toEqual(counts);
  });

  test.each([
    [{ data: [{ code: 'invalid_json_line', line: 3, message: 'not JSON' }] }, 'invalid_json_line', 3],
    [[{ code: 'x', line: '4', message: 'm' }], 'x', 4],
    ['it broke', 'batch_failed', undefined],
    [{ data: [{ code: null, line: null, message: null }] }, 'batch_failed', undefined],
  ])('has its errors read from %j', (errors, code, line) => {
    expect(readBatch({ ...MELIOUS, errors }, builtInDialect('openai'))?.errors).toMatchObject([
      { code, line },
    ]);
  });

  test('may be wrapped, and may have ISO times', () => {
    const wrapped = { job: { ...MELIOUS, created_at: '2026-11-01T00:00:00Z' }, warning: null };

    expect(readBatch(wrapped, builtInDialect('melious'))).toMatchObject({
      id: 'batch_abc123',
      createdAt: 1_793_491_200,
    });
  });
});

test('no JSON value makes a reader throw', () => {
  const fields = fc.record(
    Object.fromEntries(
      Object.keys({ ...MELIOUS, data: 0, has_more: 0, error: 0 }).map((name) => [name, fc.jsonValue()]),
    ),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fields), (value) => {
      for (const name of Object.keys(DIALECTS)) readBatch(value, builtInDialect(name as DialectName));
      readFile(value);
      readListPage(value);
    }),
  );
});
