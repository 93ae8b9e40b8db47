import * as z from 'zod';
import { readDelimiter } from '../rows/formats/delimiter.ts';
import { canonicalEncoding } from '../rows/formats/encoding.ts';
import { ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/http/addresses.ts';
import { completionWindow, currency, jsonValue, price, share, tuning } from './common-fields.ts';
import { ladderSchema } from './ladder-schema.ts';

/** Profiles as users write them. Everything has a default; each default is named here, once. */

const pilot = z
  .strictObject({
    /** Rows of the pilot, spread over the whole input. Default 200. */
    rows: z.number().int().min(1).max(10_000).optional(),
    /** The largest share of them that may be not ok: 0.05 is one in twenty. */
    maxBad: share.optional(),
    /** Wait for a person: `nightshift approve <job>`, or `reject`. */
    approve: z.boolean().optional(),
  })
  .refine(
    ({ maxBad, approve }) => maxBad !== undefined || approve === true,
    'must say what decides: maxBad, approve, or both',
  );

export const profileSchema = z.strictObject({
  /** A provider's name: a built-in one (`docs/providers.md`), `simulator`, or one of `providers`. Default melious. */
  provider: z.string().min(1).optional(),
  /** Path of the target endpoint. Default `/v1/chat/completions`. */
  endpoint: z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE).optional(),
  /** Model of rows that name none. */
  model: z.string().min(1).optional(),
  /** Body parameters of rows that do not set them: `{ temperature: 0, max_tokens: 200 }`. */
  body: z.record(z.string(), jsonValue).optional(),
  /** System message: a template over the row's fields, `{{column}}`. */
  system: z.string().min(1).optional(),
  /** Prompt: a template over the row's fields. With it, any fields will do, and none is sent by itself. */
  prompt: z.string().min(1).optional(),
  /** How input files are read, where recognition is not enough; what is absent is recognised. */
  table: z
    .strictObject({
      /** What separates a table's cells: a character, or `comma`, `semicolon`, `tab`, `pipe`. */
      delimiter: z
        .string()
        .refine(
          (text) => readDelimiter(text) !== undefined,
          'must be one character that is no letter, digit or quote, or "comma", "semicolon", "tab" or "pipe"',
        )
        .optional(),
      /** Of tables, text and JSON: `windows-1252`, `utf-16le`, `shift_jis`, … A byte order mark wins. */
      encoding: z
        .string()
        .refine(
          (label) => canonicalEncoding(label) !== undefined,
          'must be an encoding such as "utf-8", "windows-1252" or "utf-16le"',
        )
        .optional(),
      /** Whether quotes hold a table's cells together; false: they are characters like any other. */
      quotes: z.boolean().optional(),
      /** The column, or the field, that is a row's id. Default `custom_id`, else `id`. */
      id: z.string().min(1).optional(),
      /** The sheet of a workbook that is read. Default: the first. */
      sheet: z.string().min(1).optional(),
    })
    .optional(),
  /** What answers must be: JSON that matches a schema. For chat and responses. */
  output: z
    .strictObject({
      /** JSON Schema: sent with each request, and what each answer is checked against. */
      schema: z.record(z.string(), jsonValue),
      /** What the provider calls it. Default `answer`. */
      name: z
        .string()
        .regex(/^[\w-]{1,64}$/, 'may hold up to 64 letters, digits, "_" and "-"')
        .optional(),
      /** Ask for strict mode, where the provider has one: it may refuse schemas it cannot enforce. Default false. */
      strict: z.boolean().optional(),
      /** Ask again, in a later round, rows whose answer does not match. Default false. */
      retry: z.boolean().optional(),
    })
    .optional(),
  /** What a job may cost at most; beyond it the job is refused before anything is uploaded. */
  budget: z
    .strictObject({
      maxRows: z.number().int().min(1).optional(),
      /** Estimated as a quarter of the bytes of the request lines. */
      maxInputTokens: z.number().int().min(1).optional(),
      /** Most money for the job: estimated before anything is sent, reserved per shard, corrected by the reported usage. Needs a `price`. */
      max: z.number().positive().optional(),
      /** Most money for all jobs of the profile in one month (UTC). Needs a `price`. */
      maxPerMonth: z.number().positive().optional(),
      /** Of `max` and `maxPerMonth`. Default: the price's, which it must be. */
      currency: currency.optional(),
    })
    .optional(),
  /**
   * Start no further shard once a larger share of the rows of the last shards is not ok: 0.05 is one in twenty. Running batches
   * are collected, and the first shard goes alone. Default: never.
   */
  maxBad: share.optional(),
  /**
   * Send some rows before all others: `{ rows: 200, maxBad: 0.05 }`. The others follow when no larger share of these is not ok, and,
   * with `approve: true`, once a person approves. Default: none.
   */
  pilot: pilot.optional(),
  /** What a million tokens cost: for `nightshift plan` and the report, and for a budget in money. */
  price: price.optional(),
  /** Tables of the input and its answers, written beside `results.jsonl`: `['csv', 'parquet']`. Default: none. */
  also: z.array(z.enum(['csv', 'parquet'])).optional(),
  /** Refuse the whole job when one row is invalid. Default false. */
  strict: z.boolean().optional(),
  /** Most rounds a row may take part in. Default 4. */
  rounds: z.number().int().min(1).max(10).optional(),
  /** Row error codes worth another round, beside the built-in ones. */
  retriableCodes: z.array(z.string().min(1)).optional(),
  /** How long the provider may take, as it spells it. Default `24h` where the dialect has it. */
  completionWindow: completionWindow.optional(),
  /** Leave the uploaded file and the result files at the provider once the results are safe. Default false. */
  keepProviderFiles: z.boolean().optional(),
  /**
   * Send rows once whose requests are the same in every byte but the id: one answer for all of them. Default: only requests that
   * set no temperature above 0; `true`: those, too; `false`: each row is sent, for answers that shall differ.
   */
  dedupe: z.boolean().optional(),
  /**
   * Answer rows from earlier jobs of the profile that sent the same request: `{ days: 30 }` takes answers that are at most so old,
   * `'always'` takes any, false none. Default: none.
   */
  reuse: z
    .union([
      z.strictObject({ days: z.number().positive().max(36_500) }),
      z.literal('always'),
      z.literal(false),
    ])
    .optional(),
  /** `direct`: rows of an expired batch, or without rounds left, are sent to the realtime endpoint, a call each. Default: never. */
  late: z.literal('direct').optional(),
  /** `direct`: jobs of at most `smallRows` rows go to the realtime endpoint at once, without a batch. Default: never. */
  small: z.literal('direct').optional(),
  /** Jobs of at most so many rows are small. Default 50. */
  smallRows: z.number().int().min(1).max(10_000).optional(),
  /** Steps after this one, for rows that are not ok: another model or provider, or the realtime endpoint. Default: none. */
  then: ladderSchema.optional(),
  /** `compact` (default): the answer itself; `body`: the provider's whole body. */
  resultShape: z.enum(['compact', 'body']).optional(),
  ...tuning,
});

export type ProfileConfig = z.input<typeof profileSchema>;
