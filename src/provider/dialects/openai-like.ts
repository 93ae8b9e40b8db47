import type { DialectFacts } from './schema.ts';

export const CHAT = '/v1/chat/completions';
export const COMPLETIONS = '/v1/completions';
export const EMBEDDINGS = '/v1/embeddings';

/** Facts shared by providers that copy OpenAI's Batch API. Undocumented facts are `'unknown'`. */

export const OPENAI_STATUSES: DialectFacts['statuses'] = {
  validating: 'running',
  in_progress: 'running',
  finalizing: 'running',
  cancelling: 'running',
  completed: 'succeeded',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
};

export const OPENAI_COUNTERS: DialectFacts['counters'] = {
  succeeded: 'completed',
  failed: 'failed',
  total: 'total',
};

/** Codes of rows that a batch did not process, and codes of OpenAI's queue. */
export const OPENAI_CODES: DialectFacts['codes'] = {
  retriable: ['batch_expired', 'batch_cancelled', 'batch_failed', 'server_error', 'rate_limit_exceeded'],
  permanent: [],
  halting: ['insufficient_quota', 'invalid_api_key', 'billing_hard_limit_reached'],
  throttled: ['rate_limit_exceeded'],
  busy: ['token_limit_exceeded', 'quotaExceeded', 'too_many_batches'],
  tooLarge: ['file_too_large', 'too_many_tasks'],
};

export const NO_LIMITS: DialectFacts['limits'] = {
  fileBytes: 'unknown',
  requests: 'unknown',
  embeddingInputs: 'unknown',
  customIdLength: 'unknown',
  customIdCharacters: 'unknown',
  oneModel: 'unknown',
  enqueuedTokens: 'unknown',
};

/** The dialect of a provider whose documentation shows OpenAI's objects and nothing else. */
export const OPENAI_LIKE: Omit<DialectFacts, 'title' | 'sources'> = {
  auth: 'Authorization: Bearer',
  endpoints: 'unknown',
  windows: ['24h'],
  pollSeconds: 'unknown',
  counters: OPENAI_COUNTERS,
  errors: ['{error: {type, code}}'],
  statuses: OPENAI_STATUSES,
  limits: NO_LIMITS,
  codes: OPENAI_CODES,
  honours: {
    metadata: true,
    idempotencyKey: 'unknown',
    fileExpiry: 'unknown',
    cancel: true,
    deletion: 'unknown',
  },
  files: {
    processedFirst: 'unknown',
    inputHoldsBatch: 'unknown',
    failedRows: 'error file',
    unfinishedRows: 'unknown',
    emptyFiles: 'unknown',
  },
  fields: {
    times: 'seconds',
    absent: 'null',
    errors: 'list',
    body: 'object',
    rowError: 'unknown',
  },
};
