import type { ResultRules } from '../../lines/result-rules.ts';
import { requiredLines } from '../../../jsonl/own-lines.ts';
import { readCustomId } from '../../../jsonl/custom-id.ts';
import { recordedBytes } from '../../../checkpoints/round/whole-requests.ts';
import { roundKey, type ShardRef } from '../../../checkpoints/keys.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { askedIn, mayList } from '../../../endpoints/asked.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import type { Job } from '../../../checkpoints/job.ts';
import type { Edges } from '../../../edges.ts';
import type { RoundRequests } from '../matching/request-ids.ts';
import { parseRequest } from './request-line.ts';
import { wholeRequests } from './rewrite-requests.ts';
import type { Round } from './round.ts';

/**
 * Reads the parts of a round's requests that collecting needs. Damaged requests of a later round are written again: without
 * them, no result could be written for some of its rows.
 * @throws RequestsDamaged when they are not those that were sent
 */
export async function readRoundRequests(
  edges: Pick<Edges, 'store' | 'log'>,
  job: Job,
  rules: ResultRules,
  context: Round,
): Promise<RoundRequests> {
  const { round, planned } = context;
  const read = await readRequests(edges.store, rules, context);
  const recorded = round === 1 ? planned?.bytes : await recordedBytes(edges.store, context, round);
  if (recorded === undefined || recorded === read.bytes) return read;
  await wholeRequests(edges, job, context, round);
  return readRequests(edges.store, rules, context);
}

async function readRequests(
  store: ObjectStore,
  { endpoint }: ResultRules,
  context: Round,
): Promise<RoundRequests & { readonly bytes: number }> {
  let bytes = 0;
  const customIds: string[] = [];
  const inputs = new Map<number, number>();
  for await (const lines of requestLines(store, context, context.round)) {
    for (const line of lines) {
      const listed = listedInputs(line, endpoint);
      if (listed !== undefined) inputs.set(customIds.length, listed);
      customIds.push(readCustomId(line));
      bytes += line.length;
    }
  }
  return { customIds, inputs, bytes };
}

/**
 * Streams a round's request lines.
 * @param start offset of the first line, in bytes
 */
export function requestLines(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
  start = 0,
): AsyncIterable<Buffer[]> {
  return requiredLines(store, roundKey(ref, round, 'requests.jsonl'), { start });
}

/** Number of inputs that a request lists; `undefined` if its input is not a list. */
function listedInputs(requestBytes: Buffer, endpoint: Endpoint): number | undefined {
  return mayList(requestBytes, endpoint)
    ? askedIn(parseRequest(requestBytes).body, endpoint).inputs
    : undefined;
}
