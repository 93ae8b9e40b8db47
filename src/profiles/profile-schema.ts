import * as z from 'zod';
import { parseWindow } from '../completion-window.ts';
import { headersSchema } from './provider-headers.ts';
import { readDelimiter } from '../rows/formats/delimiter.ts';
import { canonicalEncoding } from '../rows/formats/encoding.ts';
import { baseUrlProblem, ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/addresses.ts';

/** Schemas of providers and profiles as users write them. Every field has a default, which is named here. */

const completionWindow = z
  .string()
  .refine((text) => parseWindow(text) !== undefined, 'must be a duration such as "24h", "7d" or "30m"');

const pollLimits = z.strictObject({
  /** Shortest wait between two polls, in seconds. Default: 15. */
  minSeconds: z.number().int().min(1).max(3_600).optional(),
  /** Longest wait between two polls, in seconds. Default: 900. */
  maxSeconds: z.number().int().min(1).max(86_400).optional(),
  /** Longest wait as a fraction of the batch's age; three times as long while its counters show its pace. Default: 0.1. */
  fraction: z.number().min(0.01).max(1).optional(),
  /** How long after its completion window a batch may run before it is cancelled, in seconds. Default: 3600. */
  graceSeconds: z.number().int().min(0).max(86_400).optional(),
});

const shardLimits = z.strictObject({
  /** Most bytes in one uploaded file. Default: 100,000,000, or the dialect's limit. */
  maxBytes: z.number().int().min(1_000).max(10_000_000_000).optional(),
  /** Most request lines in one uploaded file. Default: 50,000 (500 for images and speech), or the dialect's limit. */
  maxRows: z.number().int().min(1).max(5_000_000).optional(),
});

const tuning = {
  polling: pollLimits.optional(),
  shardLimits: shardLimits.optional(),
  /** Wait before round 2, in seconds; doubles with each further round. Default: 60. */
  retryWaitSeconds: z.number().int().min(0).max(3_600).optional(),
};

const tokenLimit = z.number().int().min(1);

const providerShape = z.strictObject({
  /**
   * The provider's dialect: a name in `src/provider/dialects/`, or one of `dialects`. Default: the dialect with the provider's
   * name, otherwise `generic`.
   */
  dialect: z.string().min(1).optional(),
  /** Base URL including the version path, without a trailing slash: https, or http on this machine. Default: the dialect's. */
  baseUrl: z.string().optional(),
  /** Allow plain http for the key and the rows, to a server in your own network. Default: false. */
  insecure: z.boolean().optional(),
  /**
   * Headers of every call, for example for gateways: `{ 'x-team': 'data', 'x-gateway-key': { secret: 'gateway' } }`. A secret is
   * read by its name from the place where keys are.
   */
  headers: headersSchema.optional(),
  /** Most batches of all jobs at this provider at the same time. Default: no limit of ours. */
  maxBatches: z.number().int().min(1).max(1_000).optional(),
  /**
   * Most input tokens of a model's queued and running batches, over all jobs: one number for every model, or `{ 'gpt-4o': 90_000
   * }`. Default: the dialect's limit, lowered by what refusals show.
   */
  enqueuedTokens: z.union([tokenLimit, z.record(z.string().min(1), tokenLimit)]).optional(),
  ...tuning,
});

export const providerSchema = providerShape.superRefine(({ baseUrl, insecure }, ctx) => {
  const message = baseUrl === undefined ? undefined : baseUrlProblem(baseUrl, insecure);
  if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['baseUrl'], message });
});

const currency = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters such as "EUR"');

/** A share of rows: from 0 to less than 1. */
const share = z.number().min(0).lt(1);

const tokenPrice = { inputPerMillion: z.number().min(0), outputPerMillion: z.number().min(0) };

const price = z.strictObject({
  ...tokenPrice,
  /** The currency in which the provider bills: `EUR`, `USD`, … */
  currency,
  /** Prices of models that differ, by model name. */
  models: z.record(z.string().min(1), z.strictObject(tokenPrice)).optional(),
});

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

/** Most steps after the first. */
const MAX_STEPS = 5;

const ladderStep = z
  .strictObject({
    /** Another provider. Default: that of the step before, as for every omitted field. */
    provider: z.string().min(1).optional(),
    model: z.string().min(1).optional(),
    /** Parameters that differ: `{ max_tokens: 4000 }`. `null` removes a parameter that the profile or a row sets. */
    body: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')).optional(),
    /** Send the rows direct: to the realtime endpoint, one call each. */
    direct: z.literal(true).optional(),
    /** Most rounds of this step. Default: the profile's; 1 for direct. */
    rounds: z.number().int().min(1).max(10).optional(),
    completionWindow: completionWindow.optional(),
    price: price.optional(),
    /**
     * Which rows go up to this step: `exhausted`, `failed`, `invalid_output`; answers that are `truncated` or `refused`; all rows
     * if the provider is `denied` (key, credit) or `unavailable`; or error codes of rows. Default: exhausted, failed,
     * invalid_output.
     */
    for: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(
    ({ provider, model, body, direct }) => (provider ?? model ?? body ?? direct) !== undefined,
    'must name what is different: provider, model, body or direct',
  );

export const profileSchema = z.strictObject({
  /** Name of a provider: a built-in one (`docs/providers.md`), `simulator`, or one of `providers`. Default: melious. */
  provider: z.string().min(1).optional(),
  /** Path of the endpoint. Default: `/v1/chat/completions`. */
  endpoint: z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE).optional(),
  /** Model for rows that name none. */
  model: z.string().min(1).optional(),
  /** Body parameters for rows that do not set them: `{ temperature: 0, max_tokens: 200 }`. */
  body: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')).optional(),
  /** System message: a template over the row's fields, `{{column}}`. */
  system: z.string().min(1).optional(),
  /** Prompt: a template over the row's fields. With it, a row may have any fields, and only the rendered prompt is sent. */
  prompt: z.string().min(1).optional(),
  /** How to read input files, where detection is not enough. Absent settings are detected. */
  table: z
    .strictObject({
      /** Separator of a table's cells: a character, or `comma`, `semicolon`, `tab`, `pipe`. */
      delimiter: z
        .string()
        .refine(
          (text) => readDelimiter(text) !== undefined,
          'must be one character that is no letter, digit or quote, or "comma", "semicolon", "tab" or "pipe"',
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
      schema: z.record(z.string(), z.unknown().refine(isJson, 'must be JSON')),
      /** Name of the schema at the provider. Default: `answer`. */
      name: z
        .string()
        .regex(/^[\w-]{1,64}$/, 'may hold up to 64 letters, digits, "_" and "-"')
        .optional(),
      /** Request strict mode, if the provider has one: it may reject schemas that it cannot enforce. Default: false. */
      strict: z.boolean().optional(),
      /** Send rows whose answer does not match again in a later round. Default: false. */
      retry: z.boolean().optional(),
    })
    .optional(),
  /** Most that a job may cost. A job that may exceed it is rejected before any upload. */
  budget: z
    .strictObject({
      maxRows: z.number().int().min(1).optional(),
      /** Most input tokens, estimated as a quarter of the request lines' bytes. */
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
  then: z.array(ladderStep).min(1).max(MAX_STEPS).optional(),
  /** `compact` (default): the answer itself; `body`: the provider's whole body. */
  resultShape: z.enum(['compact', 'body']).optional(),
  ...tuning,
});

/** In place of `z.json()`, whose schema is recursive and cannot be shown in an OpenAPI document. */
function isJson(value: unknown): boolean {
  try {
    return z.json().safeParse(value).success;
  } catch {
    // The value is nested too deeply to check.
    return false;
  }
}

export type ProviderConfig = z.input<typeof providerSchema>;
export type ProfileConfig = z.input<typeof profileSchema>;
