import * as z from 'zod';
import { parseWindow } from '../provider/completion-window.ts';

/** Fields that providers, profiles and steps of a ladder share. */

export const completionWindow = z
  .string()
  .refine((text) => parseWindow(text) !== undefined, 'must be a duration such as "24h", "7d" or "30m"');

const pollLimits = z.strictObject({
  /** Shortest wait between two polls, in seconds. Default: 15. */
  minSeconds: z.number().int().min(1).max(3_600).optional(),
  /** Longest wait between two polls, in seconds. Default: 900. */
  maxSeconds: z.number().int().min(1).max(86_400).optional(),
  /** Longest wait as a fraction of the batch's age; three times as long while its counters show its pace. Default: 0.1. */
  fraction: z.number().min(0.01).max(1).optional(),
  /** Time that a batch may run after its completion window before it is cancelled, in seconds. Default: 3600. */
  graceSeconds: z.number().int().min(0).max(86_400).optional(),
});

const shardLimits = z.strictObject({
  /** Most bytes in one uploaded file. Default: 100,000,000, or the dialect's limit. */
  maxBytes: z.number().int().min(1_000).max(10_000_000_000).optional(),
  /** Most request lines in one uploaded file. Default: 50,000 (500 for images and speech), or the dialect's limit. */
  maxRows: z.number().int().min(1).max(5_000_000).optional(),
});

/** Fields of providers and of profiles. */
export const tuning = {
  polling: pollLimits.optional(),
  shardLimits: shardLimits.optional(),
  /** Wait before round 2, in seconds; doubles with each further round. Default: 60. */
  retryWaitSeconds: z.number().int().min(0).max(3_600).optional(),
};

export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters such as "EUR"');

/** A share of rows: from 0 to less than 1. */
export const share = z.number().min(0).lt(1);

const tokenPrice = { inputPerMillion: z.number().min(0), outputPerMillion: z.number().min(0) };

export const price = z.strictObject({
  ...tokenPrice,
  /** The currency in which the provider bills: `EUR`, `USD`, … */
  currency,
  /** Prices of models that differ, by model name. */
  models: z.record(z.string().min(1), z.strictObject(tokenPrice)).optional(),
});

/** Any JSON value, in place of `z.json()`, whose schema is recursive and cannot be shown in an OpenAPI document. */
export const jsonValue = z.unknown().refine(isJson, 'must be JSON');

function isJson(value: unknown): boolean {
  try {
    return z.json().safeParse(value).success;
  } catch {
    // The value is nested too deeply to check.
    return false;
  }
}
