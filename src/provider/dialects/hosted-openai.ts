import { CHAT, COMPLETIONS, EMBEDDINGS, NO_LIMITS, OPENAI_LIKE } from './openai-like.ts';
import type { DialectFacts } from './schema.ts';

/** OpenAI and Azure, whose Batch API other providers copy. Facts of November 2026. */
export const OPENAI_ITSELF = {
  openai: {
    ...OPENAI_LIKE,
    title: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    endpoints: [
      '/v1/responses',
      CHAT,
      EMBEDDINGS,
      COMPLETIONS,
      '/v1/moderations',
      '/v1/images/generations',
      '/v1/images/edits',
      '/v1/videos',
    ],
    limits: {
      ...NO_LIMITS,
      fileBytes: 200_000_000,
      requests: 50_000,
      embeddingInputs: 50_000,
      customIdCharacters: 'any',
      oneModel: true,
    },
    honours: {
      metadata: true,
      idempotencyKey: 'no',
      fileExpiry: 'brackets',
      cancel: true,
      deletion: true,
    },
    files: {
      processedFirst: false,
      inputHoldsBatch: false,
      failedRows: 'error file',
      unfinishedRows: 'error file',
      emptyFiles: 'none',
    },
    fields: { ...OPENAI_LIKE.fields, rowError: 'response' },
    sources: [
      'https://platform.openai.com/docs/guides/batch',
      'https://platform.openai.com/docs/api-reference/batch',
      'https://github.com/openai/openai-openapi',
    ],
  },
  azure: {
    ...OPENAI_LIKE,
    title: 'Azure OpenAI',
    auth: 'api-key',
    pollSeconds: 60,
    limits: { ...NO_LIMITS, fileBytes: 200_000_000, requests: 100_000, oneModel: true },
    honours: {
      metadata: true,
      idempotencyKey: 'unknown',
      fileExpiry: 'dots',
      cancel: true,
      deletion: true,
    },
    files: {
      processedFirst: true,
      inputHoldsBatch: false,
      failedRows: 'error file',
      unfinishedRows: 'unknown',
      emptyFiles: 'error file',
    },
    fields: { ...OPENAI_LIKE.fields, times: 'ISO 8601', rowError: 'response' },
    sources: [
      'https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch',
      'https://github.com/MicrosoftDocs/azure-ai-docs/blob/main/articles/ai-foundry/openai/how-to/batch.md',
    ],
  },
} satisfies Record<string, DialectFacts>;
