import * as z from 'zod';
import { ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../http/addresses.ts';

/**
 * A dialect: a provider's variant of the Batch API, as data. Unknown facts are `'unknown'`; each field says what the code does
 * then. Steps import only types from here: a job contains its dialect, which was checked when the job was started.
 */

const known = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.literal('unknown')]);

const path = z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE);
const duration = z.string().regex(/^\d{1,5}[mhd]$/, 'must be a duration such as "24h", "7d" or "30m"');
const count = z.number().int().min(1);
/** A code as the provider writes it; a `*` at its end matches any rest. */
const codes = z.array(z.string().regex(/^[\w.-]{1,64}\*?$/, 'must be a code, or its beginning and "*"'));

/** Statuses in lower case. A batch with any other status counts as running until its deadline. */
const statuses = z.record(
  z.string().regex(/^[^A-Z]+$/, 'must be in lower case'),
  z.enum(['running', 'succeeded', 'failed', 'expired', 'cancelled']),
);

/** Names in `request_counts`. Without a `total`, it is the sum of all counters. Unknown: no progress is shown. */
const counters = z.union([
  z.strictObject({ succeeded: z.string(), failed: z.string(), total: z.string().optional() }),
  z.enum(['none', 'unknown']),
]);

const limits = z.strictObject({
  /** Most bytes of one uploaded file. Unknown: 100,000,000. */
  fileBytes: known(count),
  /** Request lines of one file. Unknown: 50,000, OpenAI's. */
  requests: known(count),
  /** Texts to embed in one file, over all its requests. Unknown: not counted. */
  embeddingInputs: known(count),
  /** Most characters of a custom_id. Unknown: 512. */
  customIdLength: known(count),
  /** `word`: letters, digits, `_` and `-`. */
  customIdCharacters: known(z.enum(['any', 'ascii', 'word'])),
  /** A file may name only one model. Unknown: a file has all models of its rows; a failed validation costs nothing. */
  oneModel: known(z.boolean()),
  /** Most input tokens of a model's queued and running batches. Unknown: learned from throttled creates. */
  enqueuedTokens: known(count),
});

const codeLists = z.strictObject({
  /** Codes of rows for which another round may succeed. */
  retriable: codes,
  /** Codes of rows and calls that are permanent, whatever the HTTP status is. */
  permanent: codes,
  /** Codes of a denied account: the job stops. */
  halting: codes,
  /** Codes of throttled calls. */
  throttled: codes,
  /** Codes for "no room until other batches end or files are deleted". */
  busy: codes,
  /** Codes for "too many bytes or lines": the shard is sent in smaller parts. */
  tooLarge: codes,
});

const honours = z.strictObject({
  /** Batches show the metadata of their create. Unknown: no metadata is sent, and a lost batch is found by its file. */
  metadata: known(z.boolean()),
  /** The same key never creates a second batch; sent as a header or in the body. Unknown: not sent. */
  idempotencyKey: known(z.enum(['header', 'body', 'no'])),
  /** The form's field that requests a file's expiry: `expires_after[seconds]`, `expires_after.seconds`. Unknown: not sent. */
  fileExpiry: known(z.enum(['brackets', 'dots', 'no'])),
  /** Batches can be cancelled. Unknown: the call is tried, and its absence is ignored. */
  cancel: known(z.boolean()),
  /** Files can be deleted. Unknown: the deletion is tried, and the summary lists the files that are left. */
  deletion: known(z.boolean()),
});

const files = z.strictObject({
  /**
   * A file must be `processed` before a batch is created from it. Unknown: no wait; a create that does not find the file is
   * repeated.
   */
  processedFirst: known(z.boolean()),
  /**
   * Deleting a batch's input file deletes the batch, so the file is kept. Unknown: the file is deleted once its results are
   * stored.
   */
  inputHoldsBatch: known(z.boolean()),
  /** The file with the failed rows. Both files are always read. */
  failedRows: known(z.enum(['output file', 'error file'])),
  /**
   * The file with the rows that an expired or cancelled batch did not process. Rows without a line in any file are found by set
   * difference.
   */
  unfinishedRows: known(z.enum(['output file', 'error file', 'absent'])),
  /** Seconds that an ended batch may show less output than it promised, before its shard stops. Default: 600. */
  lateSeconds: z.number().int().min(60).max(3_600).optional(),
  /** A cancelled batch loses its finished rows, whatever its counters show. Default: it keeps them. */
  cancelledIsEmpty: z.boolean().optional(),
  /** The files of a batch that exist even if they are empty. */
  emptyFiles: known(z.enum(['none', 'error file', 'both'])),
});

const fields = z.strictObject({
  times: known(z.enum(['seconds', 'ISO 8601'])),
  /** The form of a field without a value. */
  absent: known(z.enum(['null', 'omitted'])),
  /** The form in which a failed batch shows the reason: OpenAI's list, a list of messages without code and line, or a text. */
  errors: known(z.enum(['list', 'messages', 'text'])),
  /** The form of a result line's `response.body`. */
  body: known(z.enum(['object', 'JSON text'])),
  /**
   * The form in which a failed row reports its error: a response with a status, an `error` with a code, with a type, with the
   * status in place of a code, or with a message only. All forms are read.
   */
  rowError: known(z.enum(['response', 'code', 'type', 'status as code', 'message'])),
});

/** Envelopes of error answers, the usual one first; all of them are read. */
const envelope = z.enum(['{error: {code}}', '{error: {type, code}}', '{code, message}', '{detail}', 'text']);

const shape = {
  /** The adapter: the code for the provider's calls and objects. Default: `openai`. */
  adapter: z.enum(['openai', 'mistral', 'together', 'anthropic']).optional(),
  auth: z.enum(['Authorization: Bearer', 'api-key', 'x-api-key']),
  /** Unknown: any endpoint is accepted, and the provider decides. */
  endpoints: known(z.array(path).min(1)),
  /** Completion windows: a list, or a range. Unknown: any window is accepted. */
  windows: known(z.union([z.array(duration).min(1), z.strictObject({ from: duration, to: duration })])),
  /** Shortest wait between two polls that the provider requests, in seconds. Unknown: our default. */
  pollSeconds: known(count),
  counters,
  errors: known(z.array(envelope).min(1)),
};

export const dialectSchema = z.strictObject({
  title: z.string(),
  /** Base URL including the version; absent if every installation has its own. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  ...shape,
  statuses,
  limits,
  codes: codeLists,
  honours,
  files,
  fields,
  /** URLs of the documentation with these facts. */
  sources: z.array(z.url()),
});

/** A dialect in a configuration: its differences from another one. */
export const dialectConfigSchema = z.strictObject({
  /** The dialect whose facts fill in the rest. Default: the built-in one of the same name, otherwise `generic`. */
  like: z.string().optional(),
  ...z.object(shape).partial().shape,
  statuses: statuses.optional(),
  limits: limits.partial().optional(),
  codes: codeLists.partial().optional(),
  honours: honours.partial().optional(),
  files: files.partial().optional(),
  fields: fields.partial().optional(),
});

/** A built-in dialect, including facts that only the documentation uses. */
export type DialectFacts = z.output<typeof dialectSchema>;
/** A dialect as it is recorded in a job. */
export type Dialect = Omit<DialectFacts, 'title' | 'baseUrl' | 'sources'> & { readonly name: string };
export type DialectConfig = z.input<typeof dialectConfigSchema>;
export type Codes = Dialect['codes'];
