import * as z from 'zod';
import { readDelimiter } from '../rows/formats/delimiter.ts';
import { canonicalEncoding } from '../rows/formats/encoding.ts';
import { ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/http/addresses.ts';
import { completionWindow, currency, jsonValue, price, share, tuning } from './common-fields.ts';
import { ladderSchema } from './ladder-schema.ts';

/** The schema of profiles as users write them. Every field has a default, which is named here. */

const pilot = z
  .strictObject({
    /** Number of rows in the pilot, spread over the whole input. Default: 200. */
    rows: z.number().int().min(1).max(10_000).optional(),
    /** Highest share of them that may be not ok: 0.05 is one in twenty. */
    maxBad: share.optional(),
    /** Wait for a person's decision: `nightshift approve <job>`, or `reject`. */
    approve: z.boolean().optional(),
  })
  .refine(
    ({ maxBad, approve }) => maxBad !== undefined || approve === true,
    'must say what decides: maxBad, approve, or both',
  );

export const profileSchema = z.strictObject({
  /** Name of a provider: a built-in one (`docs/providers.md`), `simulator`, or one of `providers`. Default: melious. */
  provider: z.string().min(1).optional(),
  /** Path of the endpoint. Default: `/v1/chat/completions`. */
  endpoint: z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE).optional(),
  /** Model for rows that name none. */
  model: z.string().min(1).optional(),
  /** Body parameters for rows that do not set them: `{ temperature: 0, max_tokens: 200 }`. */
  body: z.record(z.string(), jsonValue).optional(),
  /** System message: a template over the row's fields, `{{column}}`. */
  system: z.string().min(1).optional(),
  /** Prompt: a template over the row's fields. With it, a row may have any fields, and only the rendered prompt is sent. */
  prompt: z.string().min(1).optional(),
  /** Settings for reading input files, where detection is not enough. Absent settings are detected. */
  table: z
    .strictObject({
      /** Separator of a table's cells: a character, or `comma`, `semicolon`, `tab`, `pipe`. */
      delimiter: z
        .string()
        .refine(
          (text) => readDelimiter(text) !== undefined,
          'must be one character other than a letter, digit or quote, or "comma", "semicolon", "tab" or "pipe"',
        )
        .optional(),
      /** Encoding of tables, text and JSON: `windows-1252`, `utf-16le`, `shift_jis`, … A byte order mark takes precedence. */
      encoding: z
        .string()
        .refine(
          (label) => canonicalEncoding(label) !== undefined,
          'must be an encoding such as "utf-8", "windows-1252" or "utf-16le"',
        )
        .optional(),
      /** True if quotes may enclose a table's cells; false if they are ordinary characters. */
      quotes: z.boolean().optional(),
      /** The column or field with a row's id. Default: `custom_id`, otherwise `id`. */
      id: z.string().min(1).optional(),
      /** Name of the workbook's sheet to read. Default: the first. */
      sheet: z.string().min(1).optional(),
    })
    .optional(),
  /** Requires answers in JSON that match a schema. For chat and responses. */
  output: z
    .strictObject({
      /** JSON Schema: sent with each request, and used to check each answer. */
      schema: z.record(z.string(), jsonValue),
      /** Name of the schema at the provider. Default: `answer`. */
      name: z
        .string()
        .regex(/^[\w-]{1,64}$/, 'may hold up to 64 letters, digits, "_" and "-"')
        .optional(),
      /** Request strict mode, if the provider has one: it may reject schemas that it cannot enforce. Default: false. */
      strict: z.boolean().optional(),
      /** Send a row again in a later round if its answer does not match. Default: false. */
      retry: z.boolean().optional(),
    })
    .optional(),
  /** Most that a job may cost. A job that may exceed it is rejected before any upload. */
  budget: z
    .strictObject({
      maxRows: z.number().int().min(1).optional(),
      /** Most input tokens, as the plan estimates them. */
      maxInputTokens: z.number().int().min(1).optional(),
      /**
       * Most money for the job: estimated before sending, reserved per shard, corrected by the reported usage. Needs a `price`.
       */
      max: z.number().positive().optional(),
      /** Most money for all jobs of the profile in one month (UTC). Needs a `price`. */
      maxPerMonth: z.number().positive().optional(),
      /** Currency of `max` and `maxPerMonth`. It must be the price's, which is the default. */
      currency: currency.optional(),
    })
    .optional(),
  /**
   * Start no further shard once more than this share of the last shards' rows is not ok: 0.05 is one in twenty. Running batches
   * are still collected. The first shard runs alone. Default: no limit.
   */
  maxBad: share.optional(),
  /**
   * Send some rows before all others: `{ rows: 200, maxBad: 0.05 }`. The others follow if at most this share of them is not ok
   * and, with `approve: true`, once a person approves. Default: no pilot.
   */
  pilot: pilot.optional(),
  /** Price of a million tokens: for `nightshift plan` and the report, and for a budget in money. */
  price: price.optional(),
  /** Formats of tables with the input and its answers, written beside `results.jsonl`: `['csv', 'parquet']`. Default: none. */
  also: z.array(z.enum(['csv', 'parquet'])).optional(),
  /** Reject the whole job if one row is invalid. Default: false. */
  strict: z.boolean().optional(),
  /** Most rounds a row may take part in. Default: 4. */
  rounds: z.number().int().min(1).max(10).optional(),
  /** Error codes of rows that are retried, in addition to the built-in ones. */
  retriableCodes: z.array(z.string().min(1)).optional(),
  /** The completion window, in the provider's spelling. Default: `24h` if the dialect has it. */
  completionWindow: completionWindow.optional(),
  /** Keep the uploaded file and the result files at the provider after the results are stored. Default: false. */
  keepProviderFiles: z.boolean().optional(),
  /**
   * Send rows only once if their requests differ in nothing but the id; all of them get the same answer. Default: only for
   * requests without a temperature above 0; `true`: for all requests; `false`: every row is sent, so that answers may differ.
   */
  dedupe: z.boolean().optional(),
  /**
   * Reuse answers of the profile's earlier jobs to the same request: `{ days: 30 }` for answers up to this age, `'always'` for
   * any age, false for none. Default: false.
   */
  reuse: z
    .union([
      z.strictObject({ days: z.number().positive().max(36_500) }),
      z.literal('always'),
      z.literal(false),
    ])
    .optional(),
  /**
   * `direct`: rows of an expired batch, and rows without rounds left, are sent to the realtime endpoint, one call each. Default:
   * never.
   */
  late: z.literal('direct').optional(),
  /** `direct`: jobs of at most `smallRows` rows are sent to the realtime endpoint at once, without a batch. Default: never. */
  small: z.literal('direct').optional(),
  /** Most rows of a small job. Default: 50. */
  smallRows: z.number().int().min(1).max(10_000).optional(),
  /** Steps after this one, for rows that are not ok: another model or provider, or the realtime endpoint. Default: none. */
  then: ladderSchema.optional(),
  /** `compact` (default): the answer itself; `body`: the provider's whole body. */
  resultShape: z.enum(['compact', 'body']).optional(),
  ...tuning,
});

export type ProfileConfig = z.input<typeof profileSchema>;
