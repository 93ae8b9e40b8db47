import type { BatchEnding, DialectName } from './batch-provider.ts';

/** What differs between providers, as data. */
export interface Dialect {
  /** Final statuses, in lower case, and what they mean. Every other status is running until the deadline. */
  readonly endings: Readonly<Record<string, BatchEnding>>;
  /** Names of the counters in `request_counts`. Without a total, it is the sum of all counters. */
  readonly counters: {
    readonly succeeded: string;
    readonly failed: string;
    readonly total: string | undefined;
  };
  /** `Idempotency-Key` is honoured when a batch is created: the same key never makes a second one. */
  readonly idempotencyKey?: true;
  /** Deleting a batch's input file deletes the batch, so the file has to stay until somebody wants both gone. */
  readonly inputKeepsBatch?: true;
}

const OPENAI: Dialect = {
  endings: { completed: 'succeeded', failed: 'failed', expired: 'expired', cancelled: 'cancelled' },
  counters: { succeeded: 'completed', failed: 'failed', total: 'total' },
};

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  melious: {
    endings: { succeeded: 'succeeded', failed: 'failed', expired: 'expired', cancelled: 'cancelled' },
    counters: { succeeded: 'succeeded', failed: 'errored', total: undefined },
  },
  openai: OPENAI,
  // As OpenAI's, and its documentation promises the key (November 2026).
  perplexity: { ...OPENAI, idempotencyKey: true },
};
