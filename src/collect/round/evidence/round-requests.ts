import type { ResultRules } from '../../lines/result-rules.ts';
import { requiredLines } from '../../../jsonl/own-lines.ts';
import { readCustomId } from '../../../jsonl/custom-id.ts';
import { roundKey, type ShardRef } from '../../../checkpoints/keys.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { askedIn, mayList } from '../../../endpoints/asked.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { parseExact } from '../../../exact-json.ts';
import type { RoundRequests } from '../matching/round-index.ts';
import type { Round } from './round.ts';

/** Reads a round's requests, as far as collecting needs them. */
export async function readRoundRequests(
  store: ObjectStore,
  { endpoint }: ResultRules,
  context: Round,
): Promise<RoundRequests> {
  const customIds: string[] = [];
  const inputs = new Map<number, number>();
  for await (const lines of requestLines(store, context, context.round)) {
    for (const bytes of lines) {
      const listed = listedInputs(bytes, endpoint);
      if (listed !== undefined) inputs.set(customIds.length, listed);
      customIds.push(readCustomId(bytes));
    }
  }
  return { customIds, inputs };
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

/** A parsed request line; its numbers keep their text. */
export interface RequestLine {
  readonly custom_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Number of inputs that a request lists; `undefined` if its input is not a list. */
function listedInputs(requestBytes: Buffer, endpoint: Endpoint): number | undefined {
  return mayList(requestBytes, endpoint)
    ? askedIn(parseRequest(requestBytes).body, endpoint).inputs
    : undefined;
}

export function parseRequest(bytes: Buffer): RequestLine {
  return parseExact(bytes.toString('utf8')) as RequestLine;
}
