import * as z from 'zod';
import { parseWindow } from '../completion-window.ts';
import { headersSchema } from './provider-headers.ts';
import { readDelimiter } from '../rows/formats/delimiter.ts';
import { canonicalEncoding } from '../rows/formats/encoding.ts';
import { baseUrlProblem, ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/addresses.ts';

/** Providers and profiles as users write them. Everything has a default; each default is named here, once. */

const completionWindow = z
  .string()
  .refine((text) => parseWindow(text) !== undefined, 'must be a duration such as "24h", "7d" or "30m"');

const pollLimits = z.strictObject({
  /** Shortest wait between two polls, in seconds. Default 15. */
  minSeconds: z.number().int().min(1).max(3_600).optional(),
  /** Longest wait between two polls, in seconds. Default 900. */
  maxSeconds: z.number().int().min(1).max(86_400).optional(),
  /** Wait at most this fraction of the batch's age, and three times as long while its counters show its pace. Default 0.1. */
  fraction: z.number().min(0.01).max(1).optional(),
  /** How long past its completion window a batch may run before it is cancelled, in seconds. Default 3600. */
  graceSeconds: z.number().int().min(0).max(86_400).optional(),
});

const shardLimits = z.strictObject({
  /** Most bytes in one uploaded file. Default 100,000,000, or what the dialect takes. */
  maxBytes: z.number().int().min(1_000).max(10_000_000_000).optional(),
  /** Most request lines in one uploaded file. Default 50,000 (500 for images and speech), or what the dialect takes. */
  maxRows: z.number().int().min(1).max(5_000_000).optional(),
});

const tuning = {
  polling: pollLimits.optional(),
  shardLimits: shardLimits.optional(),
  /** Wait before round 2, in seconds; doubles with each further round. Default 60. */
  retryWaitSeconds: z.number().int().min(0).max(3_600).optional(),
};

const tokenLimit = z.number().int().min(1);

const providerShape = z.strictObject({
  /**
   * How the provider speaks: a name in `src/provider/dialects/`, or one of `dialects`. Default: the dialect of the
   * provider's own name, else `generic`.
   */
  dialect: z.string().min(1).optional(),
  /** Up to and including the version, without a trailing slash: https, or http on this machine. Default: the dialect's. */
  baseUrl: z.string().optional(),
  /** Send the key and the rows over plain http, to a server in a network of your own. Default false. */
  insecure: z.boolean().optional(),
  /**
   * Sent with every call, as gateways ask for it: `{ 'x-team': 'data', 'x-gateway-key': { secret: 'gateway' } }`. A secret is read
   * where keys are, under its name.
   */
  headers: headersSchema.optional(),
  /** Most batches of all jobs at this provider at the same time. Default: no limit of ours. */
  maxBatches: z.number().int().min(1).max(1_000).optional(),
  /**
   * Most input tokens of the batches of a model that are queued or running, of all jobs: a number for each model, or
   * `{ 'gpt-4o': 90_000 }`. Default: what the dialect knows, and what refusals teach.
   */
  enqueuedTokens: z.union([tokenLimit, z.record(z.string().min(1), tokenLimit)]).optional(),
  ...tuning,
});

export const providerSchema = providerShape.superRefine(({ baseUrl, insecure }, ctx) => {
  const message = baseUrl === undefined ? undefined : baseUrlProblem(baseUrl, insecure);
  if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['baseUrl'], message });
});

const currency = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters such as "EUR"');

/** Of rows: more than none of them, and fewer than all. */
const share = z.number().min(0).lt(1);

const tokenPrice = { inputPerMillion: z.number().min(0), outputPerMillion: z.number().min(0) };

const price = z.strictObject({
  ...tokenPrice,
  /** As the provider bills: `EUR`, `USD`, … */
  currency,
  /** Of models that cost something else, by their names. */
  models: z.record(z.string().min(1), z.strictObject(tokenPrice)).optional(),
});

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

/** Most steps after the first. */
const MAX_STEPS = 5;

const ladderStep = z
  .strictObject({
    /** Another provider. Default: the one of the step before, as for every field that is left out. */
    provider: z.string().min(1).optional(),
    model: z.string().min(1).optional(),
    /** Parameters that differ: `{ max_tokens: 4000 }`. `null` takes one away that the profile or a row sets. */
    body: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')).optional(),
    /** Send the rows to the realtime endpoint, a call each. */
    direct: z.literal(true).optional(),
    /** Most rounds of this step. Default: the profile's; 1 where rows are sent directly. */
    rounds: z.number().int().min(1).max(10).optional(),
    completionWindow: completionWindow.optional(),
    price: price.optional(),
    /**
     * What goes up to this step: `exhausted`, `failed`, `invalid_output`; answers that are `truncated` or `refused`; rows of an `expired`
     * batch, before the rounds that are left; all rows when the provider is `denied` (key, credit) or `unavailable`; or codes of rows'
     * errors. Default: exhausted, failed, invalid_output.
     */
    for: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(
    ({ provider, model, body, direct }) => (provider ?? model ?? body ?? direct) !== undefined,
    'must name what is different: provider, model, body or direct',
  );

export const profileSchema = z.strictObject({
  /** A provider's name: a built-in one (`docs/providers.md`), `simulator`, or one of `providers`. Default melious. */
  provider: z.string().min(1).optional(),
  /** Path of the target endpoint. Default `/v1/chat/completions`. */
  endpoint: z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE).optional(),
  /** Model of rows that name none. */
  model: z.string().min(1).optional(),
  /** Body parameters of rows that do not set them: `{ temperature: 0, max_tokens: 200 }`. */
  body: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')).optional(),
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
      schema: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')),
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
  then: z.array(ladderStep).min(1).max(MAX_STEPS).optional(),
  /** `compact` (default): the answer itself; `body`: the provider's whole body. */
  resultShape: z.enum(['compact', 'body']).optional(),
  ...tuning,
});

/** Not `z.json()` itself: as a schema it refers to itself without end, which no OpenAPI document can show. */
function isJson(value: unknown): boolean {
  try {
    return z.json().safeParse(value).success;
  } catch {
    // Nested so deeply that the check gave up.
    return false;
  }
}

export type ProviderConfig = z.input<typeof providerSchema>;
export type ProfileConfig = z.input<typeof profileSchema>;
