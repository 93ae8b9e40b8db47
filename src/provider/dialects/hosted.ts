import {
  CHAT,
  COMPLETIONS,
  EMBEDDINGS,
  NO_LIMITS,
  OPENAI_CODES,
  OPENAI_LIKE,
  OPENAI_STATUSES,
} from './openai-like.ts';
import { OPENAI_ITSELF } from './hosted-openai.ts';
import { OWN_API } from './hosted-own-api.ts';
import type { DialectFacts } from './schema.ts';

/** Other hosted providers whose batch API is like OpenAI's. Facts of November 2026. */
const LIKE_OPENAI = {
  melious: {
    ...OPENAI_LIKE,
    title: 'Melious',
    baseUrl: 'https://api.melious.ai/v1',
    endpoints: [CHAT, EMBEDDINGS, '/v1/images/generations', '/v1/audio/speech'],
    // The documentation shows only "24h".
    windows: 'unknown',
    statuses: {
      queued: 'running',
      in_progress: 'running',
      finalizing: 'running',
      succeeded: 'succeeded',
      failed: 'failed',
      expired: 'expired',
      cancelled: 'cancelled',
    },
    // Anthropic's names; `canceled` and `expired` may be added.
    counters: { succeeded: 'succeeded', failed: 'errored' },
    errors: ['{error: {code}}', '{error: {type, code}}'],
    limits: { ...NO_LIMITS, fileBytes: 105_000_000 },
    codes: {
      retriable: [
        'INFERENCE_3103',
        'INFERENCE_3107',
        'INFERENCE_3108',
        'AUTH_1028',
        'batch_expired',
        'batch_cancelled',
        'batch_failed',
      ],
      // Filters that exclude every provider: a 503 that is permanent.
      permanent: ['INFERENCE_3104'],
      halting: ['AUTH_1007', 'AUTH_1008', 'AUTH_1015', 'BILLING_*'],
      throttled: ['AUTH_1028', 'INFERENCE_3108'],
      busy: ['token_limit_exceeded', 'quotaExceeded', 'too_many_batches'],
      tooLarge: ['file_too_large'],
    },
    honours: { ...OPENAI_LIKE.honours, deletion: true },
    files: { ...OPENAI_LIKE.files, failedRows: 'output file' },
    fields: { ...OPENAI_LIKE.fields, rowError: 'code' },
    sources: [
      'https://melious.ai/docs/reference/batches',
      'https://melious.ai/docs/reference/files',
      'https://melious.ai/docs/concepts/errors',
    ],
  },
  groq: {
    ...OPENAI_LIKE,
    title: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    endpoints: [CHAT],
    windows: { from: '24h', to: '7d' },
    limits: { ...NO_LIMITS, fileBytes: 100_000_000 },
    fields: { ...OPENAI_LIKE.fields, absent: 'unknown' },
    sources: [
      'https://console.groq.com/docs/batch',
      'https://github.com/groq/groq-typescript/blob/main/src/resources/batches.ts',
    ],
  },
  deepinfra: {
    ...OPENAI_LIKE,
    title: 'DeepInfra',
    baseUrl: 'https://api.deepinfra.com/v1/openai',
    endpoints: [CHAT, COMPLETIONS, EMBEDDINGS],
    limits: { ...NO_LIMITS, fileBytes: 200_000_000, oneModel: true },
    files: { ...OPENAI_LIKE.files, unfinishedRows: 'error file' },
    sources: [
      'https://docs.deepinfra.com/batch/introduction',
      'https://docs.deepinfra.com/batch/batch-endpoints',
      'https://docs.deepinfra.com/api-reference/create-openai-batch',
    ],
  },
  nebius: {
    ...OPENAI_LIKE,
    title: 'Nebius Token Factory',
    baseUrl: 'https://api.tokenfactory.nebius.com/v1',
    endpoints: [CHAT, EMBEDDINGS],
    limits: { ...NO_LIMITS, fileBytes: 10_000_000_000, requests: 5_000_000, oneModel: true },
    sources: [
      'https://docs.tokenfactory.nebius.com/ai-models-inference/batch-inference',
      'https://docs.studio.nebius.com/api-reference/examples/batches',
      'https://docs.studio.nebius.com/api-reference/batch/create-a-batch-operation',
    ],
  },
  parasail: {
    ...OPENAI_LIKE,
    title: 'Parasail',
    baseUrl: 'https://api.parasail.io/v1',
    endpoints: [CHAT, EMBEDDINGS],
    limits: { ...NO_LIMITS, fileBytes: 500_000_000, requests: 50_000, oneModel: false },
    honours: { ...OPENAI_LIKE.honours, metadata: 'unknown' },
    sources: ['https://github.com/parasail-ai/openai-batch/blob/main/src/openai_batch/providers.py'],
  },
  doubleword: {
    ...OPENAI_LIKE,
    title: 'Doubleword',
    baseUrl: 'https://api.doubleword.ai/v1',
    windows: ['1h', '24h'],
    limits: {
      ...NO_LIMITS,
      fileBytes: 100_000_000,
      customIdLength: 64,
      customIdCharacters: 'ascii',
    },
    // Failed rows have no code, and the message does not show whether a retry may succeed.
    codes: { ...OPENAI_CODES, retriable: [...OPENAI_CODES.retriable, 'UNKNOWN'] },
    honours: { ...OPENAI_LIKE.honours, deletion: true },
    files: { ...OPENAI_LIKE.files, inputHoldsBatch: true },
    fields: { ...OPENAI_LIKE.fields, absent: 'omitted', rowError: 'message' },
    sources: [
      'https://docs.doubleword.ai/batches',
      'https://github.com/doublewordai/control-layer/blob/main/dwctl/src/api/models/batches.rs',
      'https://github.com/doublewordai/control-layer/blob/main/dwctl/src/api/handlers/batches.rs',
    ],
  },
  siliconflow: {
    ...OPENAI_LIKE,
    title: 'SiliconFlow',
    baseUrl: 'https://api.siliconflow.cn/v1',
    endpoints: [CHAT],
    windows: { from: '24h', to: '336h' },
    counters: 'none',
    statuses: { ...OPENAI_STATUSES, in_queue: 'running' },
    errors: ['{code, message}', 'text'],
    limits: { ...NO_LIMITS, fileBytes: 1_000_000_000, requests: 5_000, oneModel: true },
    honours: { ...OPENAI_LIKE.honours, cancel: 'unknown' },
    sources: [
      'https://docs.siliconflow.cn/cn/userguide/guides/batch',
      'https://docs.siliconflow.cn/cn/api-reference/batch/create-batch',
      'https://docs.siliconflow.cn/cn/api-reference/batch/upload-file',
    ],
  },
  dashscope: {
    ...OPENAI_LIKE,
    title: 'Alibaba Cloud Model Studio (DashScope)',
    baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    // The last one is a free test endpoint, with the model batch-test-model.
    endpoints: [CHAT, EMBEDDINGS, '/v1/chat/ds-test'],
    // The limits of an older page; the newer ones are larger.
    limits: { ...NO_LIMITS, fileBytes: 100_000_000, requests: 50_000 },
    honours: { ...OPENAI_LIKE.honours, metadata: 'unknown' },
    sources: ['https://help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai'],
  },
  novita: {
    ...OPENAI_LIKE,
    title: 'Novita AI',
    baseUrl: 'https://api.novita.ai/openai/v1',
    endpoints: [CHAT, COMPLETIONS],
    windows: ['48h'],
    statuses: { ...OPENAI_STATUSES, progress: 'running' },
    limits: { ...NO_LIMITS, oneModel: true },
    honours: { ...OPENAI_LIKE.honours, metadata: 'unknown' },
    fields: { ...OPENAI_LIKE.fields, times: 'ISO 8601', errors: 'text' },
    sources: [
      'https://novita.ai/docs/guides/llm-batch-api',
      'https://novita.ai/docs/api-reference/model-apis-llm-create-batch',
    ],
  },
  perplexity: {
    ...OPENAI_LIKE,
    title: 'Perplexity',
    baseUrl: 'https://api.perplexity.ai/v1',
    limits: { ...NO_LIMITS, fileBytes: 200_000_000, requests: 50_000 },
    // Rejects an upload form with a file expiry (400).
    honours: { ...OPENAI_LIKE.honours, idempotencyKey: 'header', fileExpiry: 'no' },
    sources: [
      'https://docs.perplexity.ai/api-reference/batches-create-post',
      'https://docs.perplexity.ai/api-reference/files-create-post',
    ],
  },
} satisfies Record<string, DialectFacts>;

const { melious, ...others } = LIKE_OPENAI;

/** Hosted providers, in the order in which they are listed. */
export const HOSTED = { melious, ...OPENAI_ITSELF, ...others, ...OWN_API };
