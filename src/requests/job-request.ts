import { createHash } from 'node:crypto';
import * as z from 'zod';
import { describeIssues } from '../text/describe-issues.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { InvalidRequest } from '../errors.ts';
import { parseExact } from '../exact-json.ts';
import { plainBut } from './plain-but.ts';
import { questionShape } from './question.ts';
import { INPUT_PREFIX, OUTPUT_PREFIX, STAGED_PREFIX } from '../checkpoints/keys.ts';
import { MAX_INPUTS, MAX_REQUEST_BYTES, tooLarge } from './request-limits.ts';

/** Prefixes that a request may read: dropped and staged files, and what jobs have written (their dead letters). */
const READABLE = [INPUT_PREFIX, STAGED_PREFIX, OUTPUT_PREFIX];

export const inputKeySchema = z
  .string()
  .max(1_024)
  // S3 limits keys in bytes, and a lone surrogate cannot be part of a URL.
  .refine(
    (key) => key.isWellFormed() && Buffer.byteLength(key) <= 1_024,
    'must be at most 1,024 bytes of UTF-8',
  )
  .refine(
    (key) => READABLE.some((prefix) => key.startsWith(prefix)),
    `must start with ${READABLE.map((prefix) => `"${prefix}"`).join(', ')}`,
  );

const OVERRIDES = 'Fields of the profile that differ for this job.';

/** Settings for the rows in a request of any kind, schedules included. */
export const treatmentShape = {
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("Name of the job, with which its jobId begins. Default: its first input file's name."),
  profile: z
    .string()
    .min(1)
    .optional()
    .describe('A profile of nightshift.config.ts. Default "default", or the folder of a job file.'),
  overrides: profileSchema.optional().describe(OVERRIDES),
  ...questionShape,
  limit: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'A sample: take only this many rows, from the first on. The same request without it continues with all rows, and reuses the answers of the sample.',
    ),
};

/** Schema of a job request, the same for the API's body, a dropped `*.job.json`, a schedule and the command line. */
export const jobRequestSchema = jobRequestWith(profileSchema);

/** The same schema with other overrides. */
export function jobRequestWith<Overrides extends z.ZodType>(overrides: Overrides) {
  return z
    .strictObject({
      ...treatmentShape,
      overrides: overrides.optional().describe(OVERRIDES),
      inputs: z
        .array(inputKeySchema)
        .min(1)
        .max(MAX_INPUTS)
        .optional()
        .describe('Keys of the input files, in the order of their rows.'),
      prefix: inputKeySchema
        .optional()
        .describe('Instead of inputs: every file whose key starts with this, in key order.'),
      rows: z
        .array(z.unknown())
        .min(1)
        .optional()
        .describe('Instead of inputs: the rows themselves, 5 MB at most; 3 MB through the deployed API.'),
    })
    .refine(
      ({ inputs, prefix, rows }) =>
        [inputs, prefix, rows].filter((given) => given !== undefined).length === 1,
      { error: 'exactly one of "inputs", "prefix" and "rows" must be given', when: hasFields },
    );
}

/**
 * True if checks over several fields can run. They also run if a single field is wrong, so that every problem is reported at
 * once.
 */
export function hasFields({ value }: { readonly value: unknown }): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type JobRequest = z.output<typeof jobRequestSchema>;

/**
 * Validates a request. Numbers that are sent to the provider keep their text: those in its rows, and in the body and the schema
 * of its overrides.
 * @param value the request as read by `parseExact`
 * @throws InvalidRequest naming every problem with its path.
 */
export function parseJobRequest(value: unknown): JobRequest {
  const request = parseWith(jobRequestSchema, value);
  textOf(request);
  return request;
}

/** Schema of a retry's settings. */
const retryRequestSchema = retryRequestWith(profileSchema);

/** The same schema with other overrides. */
export function retryRequestWith<Overrides extends z.ZodType>(overrides: Overrides) {
  return z
    .strictObject({
      profile: treatmentShape.profile.describe('Another profile. Default: that of the job.'),
      overrides: overrides.optional().describe(OVERRIDES),
    })
    .meta({ id: 'RetryRequest' });
}

/**
 * Validates a request for a retry.
 * @throws InvalidRequest as {@link parseJobRequest}
 */
export function parseRetryRequest(value: unknown): z.output<typeof retryRequestSchema> {
  return parseWith(retryRequestSchema, value);
}

function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(plainBut(value, SENT_ON));
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(`The job request is not valid:\n${describeIssues(parsed.error, schema)}`);
}

/** Paths of values that are sent to the provider; all other numbers become plain for the checks. */
const SENT_ON = [['rows'], ['schema'], ['overrides', 'body'], ['overrides', 'output', 'schema']];

/**
 * Reads a job request file.
 * @throws InvalidRequest when it is too large, not JSON, or not a job request.
 */
export function parseJobFile(bytes: Buffer, name: string): JobRequest {
  if (bytes.length > MAX_REQUEST_BYTES) throw tooLarge(name, bytes.length);
  let value: unknown;
  try {
    value = parseExact(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new InvalidRequest(`${name} is not JSON in UTF-8, so it is not a job request.`);
  }
  return parseJobRequest(value);
}

/**
 * Hash of a request; equal requests have equal hashes.
 * @throws InvalidRequest when its rows are nested too deeply to be written as JSON
 */
export function hashOfRequest(request: JobRequest): string {
  return createHash('sha256').update(textOf(request)).digest('hex').slice(0, 32);
}

function textOf(request: JobRequest): string {
  try {
    return JSON.stringify(request);
  } catch (error) {
    throw new InvalidRequest('The request is nested too deeply.', { cause: error });
  }
}
