import type { DialectName } from '../src/provider/dialects/dialects.ts';

/** Quirks of providers beyond their dialects. Clients do not know them, and must work with all of them. */
export interface Quirks {
  /** Statuses of a batch that is waiting, running or writing its files. */
  readonly queued: string;
  readonly inProgress: string;
  readonly finalizing: string;
  readonly casing: 'lower' | 'upper' | 'capital';
  /** Form of ids: `file_1a2b…`; UUIDs; an own prefix; base64 of a hundred characters and more. */
  readonly ids: 'plain' | 'uuid' | 'batch prefix' | 'long';
  /** Status of the answer to a create. */
  readonly created: 200 | 201;
  /** Form of lists: with `has_more`; complete without it; wrapped in `data` beside a code; bare; in numbered pages. */
  readonly lists: 'paged' | 'whole' | 'wrapped' | 'bare' | 'numbered';
  /** Form of an uploaded file: bare, or wrapped in `data` beside a code. */
  readonly uploads: 'bare' | 'wrapped';
  /** Counters of a running batch: numbers; nulls; absent at first; also in the object itself. */
  readonly counts: 'shown' | 'null' | 'absent' | 'twice';
  /** True if a batch never expires. */
  readonly neverExpires: boolean;
  /** True if a batch without any succeeded row counts as failed. */
  readonly failsWithoutSuccess: boolean;
  /** True if a cancelled batch loses its finished rows. */
  readonly cancelledIsEmpty: boolean;
  readonly lastNewline: boolean;
  /** True if a file with a blank line is accepted. */
  readonly blankLines: 'accepted' | 'rejected';
  /** Where a failed validation names its line: in a field, or only in the message. */
  readonly errorLines: 'field' | 'message';
  /** Metadata that the provider adds to every batch. */
  readonly ownMetadata: Readonly<Record<string, string>> | undefined;
}

const PLAIN: Quirks = {
  queued: 'validating',
  inProgress: 'in_progress',
  finalizing: 'finalizing',
  casing: 'lower',
  ids: 'plain',
  created: 200,
  lists: 'paged',
  uploads: 'bare',
  counts: 'shown',
  neverExpires: false,
  failsWithoutSuccess: false,
  cancelledIsEmpty: false,
  lastNewline: true,
  blankLines: 'accepted',
  errorLines: 'field',
  ownMetadata: undefined,
};

export const QUIRKS: Readonly<Record<DialectName, Quirks>> = {
  melious: { ...PLAIN, queued: 'queued' },
  openai: PLAIN,
  azure: { ...PLAIN, casing: 'capital', counts: 'null', neverExpires: true },
  groq: { ...PLAIN, lists: 'whole' },
  deepinfra: PLAIN,
  nebius: PLAIN,
  parasail: PLAIN,
  doubleword: {
    ...PLAIN,
    ids: 'uuid',
    created: 201,
    neverExpires: true,
    failsWithoutSuccess: true,
  },
  siliconflow: { ...PLAIN, queued: 'in_queue', lists: 'wrapped', uploads: 'wrapped' },
  dashscope: { ...PLAIN, ids: 'batch prefix' },
  novita: {
    ...PLAIN,
    inProgress: 'progress',
    casing: 'upper',
    counts: 'twice',
  },
  mistral: {
    ...PLAIN,
    queued: 'queued',
    inProgress: 'running',
    finalizing: 'running',
    casing: 'upper',
    ids: 'uuid',
    lists: 'numbered',
  },
  together: { ...PLAIN, casing: 'upper', created: 201, lists: 'bare', finalizing: 'in_progress' },
  anthropic: { ...PLAIN, queued: 'in_progress', finalizing: 'in_progress' },
  perplexity: { ...PLAIN, blankLines: 'rejected' },
  litellm: { ...PLAIN, ids: 'long', ownMetadata: { user_api_key: 'hashed' } },
  aibrix: { ...PLAIN, queued: 'scheduling', ids: 'uuid', counts: 'absent', errorLines: 'message' },
  ogx: { ...PLAIN, cancelledIsEmpty: true, lastNewline: false },
  'llm-d': { ...PLAIN, finalizing: 'in_progress', blankLines: 'rejected' },
  // Statuses that no client knows.
  generic: { ...PLAIN, queued: 'pondering', inProgress: 'at it', finalizing: 'nearly', lists: 'whole' },
};
