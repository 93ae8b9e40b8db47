import type { DialectName } from '../src/provider/dialects/dialects.ts';

/** What providers do beyond the data of their dialects: nobody has to know it to talk to them, and it must not matter. */
export interface Quirks {
  /** Statuses of a batch that waits, runs and writes its files. */
  readonly queued: string;
  readonly inProgress: string;
  readonly finalizing: string;
  readonly casing: 'lower' | 'upper' | 'capital';
  /** Ids: `file_1a2b…`; UUIDs; a prefix of their own; base64 of a hundred characters and more. */
  readonly ids: 'plain' | 'uuid' | 'batch prefix' | 'long';
  /** Answer to a create. */
  readonly created: 200 | 201;
  /** Lists: with `has_more`; whole and without a word about more; wrapped in `data` beside a code; bare; in numbered pages. */
  readonly lists: 'paged' | 'whole' | 'wrapped' | 'bare' | 'numbered';
  /** An uploaded file: bare, or wrapped in `data` beside a code. */
  readonly uploads: 'bare' | 'wrapped';
  /** Counters of a batch that runs: numbers, nulls, absent until there are some; in the object itself as well. */
  readonly counts: 'shown' | 'null' | 'absent' | 'twice';
  /** A batch is never expired. */
  readonly neverExpires: boolean;
  /** A batch none of whose rows succeeded has failed. */
  readonly failsWithoutSuccess: boolean;
  /** What a cancelled batch had finished is gone. */
  readonly cancelledIsEmpty: boolean;
  readonly lastNewline: boolean;
  /** Takes no file with a blank line, wherever it is. */
  readonly blankLines: 'taken' | 'refused';
  /** Where the line of a failed validation is told: in its field, or in the message alone. */
  readonly errorLines: 'field' | 'message';
  /** Metadata of its own on every batch. */
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
  blankLines: 'taken',
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
  perplexity: { ...PLAIN, blankLines: 'refused' },
  litellm: { ...PLAIN, ids: 'long', ownMetadata: { user_api_key: 'hashed' } },
  aibrix: { ...PLAIN, queued: 'scheduling', ids: 'uuid', counts: 'absent', errorLines: 'message' },
  ogx: { ...PLAIN, cancelledIsEmpty: true, lastNewline: false },
  'llm-d': { ...PLAIN, finalizing: 'in_progress', blankLines: 'refused' },
  // Nobody has heard of any of these.
  generic: { ...PLAIN, queued: 'pondering', inProgress: 'at it', finalizing: 'nearly', lists: 'whole' },
};
