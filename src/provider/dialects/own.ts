import { NO_LIMITS, OPENAI_CODES, OPENAI_LIKE, OPENAI_STATUSES } from './openai-like.ts';
import type { DialectFacts } from './schema.ts';

/** Self-hosted servers, and the generic dialect for all other providers. Facts of November 2026. */
export const OWN = {
  litellm: {
    ...OPENAI_LIKE,
    title: 'LiteLLM proxy',
    // Depends on the provider behind it.
    windows: 'unknown',
    codes: { ...OPENAI_CODES, busy: [...OPENAI_CODES.busy, 'batch_enqueued_token_limit*'] },
    honours: { ...OPENAI_LIKE.honours, metadata: 'unknown', cancel: 'unknown' },
    fields: { ...OPENAI_LIKE.fields, rowError: 'status as code' },
    sources: ['https://docs.litellm.ai/docs/batches', 'https://github.com/BerriAI/litellm/pull/37527'],
  },
  aibrix: {
    ...OPENAI_LIKE,
    title: 'AIBrix',
    endpoints: ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/rerank'],
    windows: 'unknown',
    statuses: { ...OPENAI_STATUSES, scheduling: 'running' },
    // "inference_failed" stands for a 429, a 5xx or a timeout of the server behind it.
    codes: {
      ...OPENAI_CODES,
      retriable: [...OPENAI_CODES.retriable, 'inference_failed'],
      tooLarge: [...OPENAI_CODES.tooLarge, 'content_size_limit_exceeded'],
    },
    // FastAPI's own `{detail}` occurs only for requests that fail its validation: 422.
    errors: ['{error: {type, code}}', '{detail}'],
    limits: { ...NO_LIMITS, fileBytes: 104_857_600, requests: 50_000 },
    honours: { ...OPENAI_LIKE.honours, deletion: true },
    files: { ...OPENAI_LIKE.files, emptyFiles: 'none' },
    fields: { ...OPENAI_LIKE.fields, absent: 'omitted', rowError: 'code' },
    sources: [
      'https://github.com/vllm-project/aibrix/blob/main/python/aibrix/aibrix/metadata/app.py',
      'https://github.com/vllm-project/aibrix/blob/main/python/aibrix/aibrix/metadata/api/v1/files.py',
      'https://github.com/vllm-project/aibrix/blob/main/python/aibrix/aibrix/batch/storage/input_validation.py',
      'https://github.com/vllm-project/aibrix/blob/main/python/aibrix/aibrix/metadata/api/v1/batch.py',
    ],
  },
  ogx: {
    ...OPENAI_LIKE,
    title: 'OGX (once Llama Stack)',
    endpoints: ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'],
    // Every exception of a row is reported as "request_failed", including transient ones.
    codes: { ...OPENAI_CODES, retriable: [...OPENAI_CODES.retriable, 'request_failed'] },
    errors: ['{detail}', '{error: {type, code}}'],
    honours: { ...OPENAI_LIKE.honours, idempotencyKey: 'body', deletion: true },
    files: { ...OPENAI_LIKE.files, unfinishedRows: 'absent', emptyFiles: 'both', cancelledIsEmpty: true },
    fields: { ...OPENAI_LIKE.fields, body: 'JSON text', rowError: 'type' },
    sources: [
      'https://github.com/ogx-ai/ogx/blob/main/src/ogx/providers/inline/batches/reference/batches.py',
    ],
  },
  'llm-d': {
    ...OPENAI_LIKE,
    title: 'llm-d batch gateway',
    windows: 'unknown',
    honours: { ...OPENAI_LIKE.honours, metadata: 'unknown' },
    files: { ...OPENAI_LIKE.files, unfinishedRows: 'error file' },
    sources: [
      'https://github.com/llm-d/llm-d-batch-gateway/pull/121',
      'https://github.com/llm-d/llm-d-batch-gateway/pull/330',
      'https://github.com/llm-d/llm-d-batch-gateway/pull/574',
    ],
  },
  generic: {
    ...OPENAI_LIKE,
    title: 'Any other',
    windows: 'unknown',
    counters: 'unknown',
    errors: 'unknown',
    statuses: {
      completed: 'succeeded',
      succeeded: 'succeeded',
      failed: 'failed',
      expired: 'expired',
      cancelled: 'cancelled',
      canceled: 'cancelled',
    },
    // The smallest limit of all dialects.
    limits: { ...NO_LIMITS, requests: 5_000 },
    honours: {
      metadata: 'unknown',
      idempotencyKey: 'unknown',
      fileExpiry: 'unknown',
      cancel: 'unknown',
      deletion: 'unknown',
    },
    files: {
      processedFirst: 'unknown',
      inputHoldsBatch: 'unknown',
      failedRows: 'unknown',
      unfinishedRows: 'unknown',
      emptyFiles: 'unknown',
    },
    fields: {
      times: 'unknown',
      absent: 'unknown',
      errors: 'unknown',
      body: 'unknown',
      rowError: 'unknown',
    },
    sources: [],
  },
} satisfies Record<string, DialectFacts>;
