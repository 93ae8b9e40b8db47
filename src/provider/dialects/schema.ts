import * as z from 'zod';
import { ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../http/addresses.ts';

/**
 * A dialect: how a provider speaks the Batch API, as data. What is not known says `'unknown'`; what the code does then is
 * said with each field. Types only are imported from here where a job runs: it carries its dialect, checked when it was
 * started.
 */

const known = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.literal('unknown')]);

const path = z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE);
const duration = z.string().regex(/^\d{1,5}[mhd]$/, 'must be a duration such as "24h", "7d" or "30m"');
const count = z.number().int().min(1);
/** A code as the provider writes it; a `*` at its end stands for any rest. */
const codes = z.array(z.string().regex(/^[\w.-]{1,64}\*?$/, 'must be a code, or its beginning and "*"'));

/** Statuses in lower case. One that is not here runs until the batch's deadline. */
const statuses = z.record(
  z.string().regex(/^[^A-Z]+$/, 'must be in lower case'),
  z.enum(['running', 'succeeded', 'failed', 'expired', 'cancelled']),
);

/** Names in `request_counts`; without a `total` it is the sum of all counters. Unknown: no progress is shown. */
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
  /** Characters of a custom_id. Unknown: 512. */
  customIdLength: known(count),
  /** `word`: letters, digits, `_` and `-`. */
  customIdCharacters: known(z.enum(['any', 'ascii', 'word'])),
  /** A file asks one model only. Unknown: models are mixed as the rows have them; a failed validation costs nothing. */
  oneModel: known(z.boolean()),
  /** Input tokens of a model's batches that are queued or running. Unknown: learned from throttled creates. */
  enqueuedTokens: known(count),
});

const codeLists = z.strictObject({
  /** Codes of rows that another round may answer. */
  retriable: codes,
  /** Codes of rows and calls that are permanent, whatever their status is. */
  permanent: codes,
  /** The account was denied: the job stops. */
  halting: codes,
  /** The call came too early. */
  throttled: codes,
  /** Codes that say that there is no room until other batches end or files are deleted. */
  busy: codes,
  /** The file has too many bytes or lines: the shard goes in smaller parts. */
  tooLarge: codes,
});

const honours = z.strictObject({
  /** Batches show the metadata they were made with. Unknown: none is sent, and a lost batch is found by its file. */
  metadata: known(z.boolean()),
  /** The same key never makes a second batch; sent as a header or in the body. Unknown: not sent. */
  idempotencyKey: known(z.enum(['header', 'body', 'no'])),
  /** How the form says when an uploaded file goes by itself: `expires_after[seconds]`, `expires_after.seconds`. Unknown: not sent. */
  fileExpiry: known(z.enum(['brackets', 'dots', 'no'])),
  /** Unknown: tried, and no matter when there is no such call. */
  cancel: known(z.boolean()),
  /** Files can be deleted. Unknown: it is tried, and the summary lists what is left. */
  deletion: known(z.boolean()),
});

const files = z.strictObject({
  /** A file has to be `processed` before a batch is made of it. Unknown: not waited for; a create that finds none is repeated. */
  processedFirst: known(z.boolean()),
  /** Deleting a batch's input file deletes the batch: the file stays. Unknown: it is deleted, its results being safe. */
  inputHoldsBatch: known(z.boolean()),
  /** The file that has the rows that failed. Both files are always read. */
  failedRows: known(z.enum(['output file', 'error file'])),
  /** Rows that an expired or cancelled batch did not get to. Rows in no file are found by their absence. */
  unfinishedRows: known(z.enum(['output file', 'error file', 'absent'])),
  /** How long an ended batch may show less than it promised, in seconds, before its shard stops. Default 600. */
  lateSeconds: z.number().int().min(60).max(3_600).optional(),
  /** A cancelled batch loses its finished rows, whatever its counters say. Default: they are kept. */
  cancelledIsEmpty: z.boolean().optional(),
  /** Which files a batch has that has nothing to put into them. */
  emptyFiles: known(z.enum(['none', 'error file', 'both'])),
});

const fields = z.strictObject({
  times: known(z.enum(['seconds', 'ISO 8601'])),
  /** What has no value yet. */
  absent: known(z.enum(['null', 'omitted'])),
  /** Why a batch failed: OpenAI's list, one of messages without code and line, or a text. */
  errors: known(z.enum(['list', 'messages', 'text'])),
  /** A result line's `response.body`. */
  body: known(z.enum(['object', 'JSON text'])),
  /**
   * What a failed row tells: a response with a status, an `error` with a code, one with a type, one with the status for a
   * code, or a message alone. All of them are read.
   */
  rowError: known(z.enum(['response', 'code', 'type', 'status as code', 'message'])),
});

/** Envelopes of answers that are no success, the usual one first; all of them are read. */
const envelope = z.enum(['{error: {code}}', '{error: {type, code}}', '{code, message}', '{detail}', 'text']);

const shape = {
  /** The adapter: the code for the provider's calls and objects. Default `openai`. */
  adapter: z.enum(['openai', 'mistral', 'together', 'anthropic']).optional(),
  auth: z.enum(['Authorization: Bearer', 'api-key', 'x-api-key']),
  /** Unknown: any is taken, and the provider has the last word. */
  endpoints: known(z.array(path).min(1)),
  /** Completion windows: these, or all from one to another. Unknown: any is taken. */
  windows: known(z.union([z.array(duration).min(1), z.strictObject({ from: duration, to: duration })])),
  /** Shortest wait between two polls that the provider asks for, in seconds. Unknown: ours. */
  pollSeconds: known(count),
  counters,
  errors: known(z.array(envelope).min(1)),
};

export const dialectSchema = z.strictObject({
  title: z.string(),
  /** Up to and including the version; absent where every installation has its own. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  ...shape,
  statuses,
  limits,
  codes: codeLists,
  honours,
  files,
  fields,
  /** Where the facts are from. */
  sources: z.array(z.url()),
});

/** A dialect of a configuration: what differs from another one. */
export const dialectConfigSchema = z.strictObject({
  /** The dialect that fills in what is not said. Default: the built-in one of the same name, else `generic`. */
  like: z.string().optional(),
  ...z.object(shape).partial().shape,
  statuses: statuses.optional(),
  limits: limits.partial().optional(),
  codes: codeLists.partial().optional(),
  honours: honours.partial().optional(),
  files: files.partial().optional(),
  fields: fields.partial().optional(),
});

/** A built-in dialect as it is written down, with what only people ask for. */
export type DialectFacts = z.output<typeof dialectSchema>;
/** A dialect as a job carries it. */
export type Dialect = Omit<DialectFacts, 'title' | 'baseUrl' | 'sources'> & { readonly name: string };
export type DialectConfig = z.input<typeof dialectConfigSchema>;
export type Codes = Dialect['codes'];
