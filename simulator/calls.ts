import { createWriteStream, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import type { BatchRequest } from './provider.ts';

/** The path of an adapter's batches. */
export function batchesPath({ adapter }: Pick<Dialect, 'adapter'>): string {
  if (adapter === 'mistral') return '/v1/batch/jobs';
  return adapter === 'anthropic' ? '/v1/messages/batches' : '/v1/batches';
}

const metadata = z.record(z.string(), z.string()).nullish();

const openAi = z
  .object({
    input_file_id: z.string(),
    endpoint: z.string(),
    completion_window: z.string().default('24h'),
    metadata,
    idempotency_key: z.string().optional(),
  })
  .transform((body): BatchRequest => ({
    inputFileId: body.input_file_id,
    endpoint: body.endpoint,
    completionWindow: body.completion_window,
    metadata: body.metadata ?? {},
    idempotencyKey: body.idempotency_key,
  }));

const mistral = z
  .strictObject({
    input_files: z.tuple([z.string()]),
    endpoint: z.string(),
    model: z.string(),
    timeout_hours: z.number().int().default(24),
    metadata,
  })
  .transform((body): BatchRequest => ({
    inputFileId: body.input_files[0],
    endpoint: body.endpoint,
    completionWindow: `${body.timeout_hours}h`,
    metadata: body.metadata ?? {},
    model: body.model,
  }));

/** Reads the body of a create; `undefined` if it is not valid. */
export function readCreate(body: unknown, { adapter }: Dialect): BatchRequest | undefined {
  return (adapter === 'mistral' ? mistral : openAi).safeParse(body).data;
}

/**
 * Receives a file that is sent as the plain body.
 * @returns its size in bytes
 */
export async function receivePut(request: IncomingMessage, path: string): Promise<number> {
  await pipeline(request, createWriteStream(path));
  return statSync(path).size;
}
