import { z } from 'zod';
import type { SimulatedBatch } from './batches.ts';

/** Anthropic's Message Batches, with the same rows and answers as for the other providers. */

type Wire = Readonly<Record<string, unknown>>;

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(block)]);
export const messageSchema = z.looseObject({
  model: z.string(),
  max_tokens: z.number().int().min(1),
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content })).min(1),
  system: content.optional(),
  stop_sequences: z.array(z.string()).optional(),
});

const requestSchema = z.strictObject({
  custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  params: messageSchema,
});

export const messageBatchSchema = z.strictObject({ requests: z.array(requestSchema).min(1) });

/** The requests as lines of a file, each with a newline. */
export function requestLines({ requests }: z.output<typeof messageBatchSchema>): string {
  return requests
    .map(({ custom_id, params }) => {
      const line = { custom_id, method: 'POST', url: '/v1/chat/completions', body: params };
      return `${JSON.stringify(line)}\n`;
    })
    .join('');
}

/** A message batch. Counters other than `processing` are zero until the batch has ended. */
export function messageBatch(
  object: Wire,
  batch: SimulatedBatch,
  cancelInitiatedAt: unknown,
): Record<string, unknown> {
  const { end, id, requests } = batch;
  const rest = end === undefined ? 0 : requests - end.succeeded - end.errored;
  return {
    id,
    type: 'message_batch',
    processing_status: object['status'],
    request_counts: {
      processing: end === undefined ? requests : 0,
      succeeded: end?.succeeded ?? 0,
      errored: (end?.errored ?? 0) + (end?.ending === 'failed' ? rest : 0),
      canceled: end?.ending === 'cancelled' ? rest : 0,
      expired: end?.ending === 'expired' ? rest : 0,
    },
    ended_at: end === undefined ? null : new Date(end.at).toISOString(),
    created_at: object['created_at'],
    expires_at: object['expires_at'],
    archived_at: null,
    cancel_initiated_at: cancelInitiatedAt,
    results_url: end === undefined ? null : `https://api.anthropic.com/v1/messages/batches/${id}/results`,
  };
}

export function messageError(type: string, message: string): Wire {
  return { type: 'error', error: { type, message }, request_id: 'req_simulated' };
}

/** Converts a result line of OpenAI's form. A line that is not JSON, or has its answer at the top level, stays unchanged. */
export function resultLine(text: string): string {
  const read = parseLine(text);
  if (read === undefined) return `${text.trimEnd()}\n`;
  const { response, error, id: _id, ...line } = read;
  if (response === undefined && 'choices' in line) {
    const { custom_id, ...completion } = line;
    return `${JSON.stringify({ custom_id, ...message(completion) })}\n`;
  }
  return `${JSON.stringify({ ...line, result: resultOf(response, error ?? null) })}\n`;
}

interface OpenAiLine extends Wire {
  readonly response?: { readonly body: Wire | string } | null;
  readonly error?: RowError | null;
}

interface RowError {
  readonly code?: string;
  readonly type?: string;
  readonly message: string;
}

/** `undefined` for a truncated or garbled line. */
function parseLine(text: string): OpenAiLine | undefined {
  try {
    return JSON.parse(text) as OpenAiLine;
  } catch {
    return undefined;
  }
}

function resultOf(response: OpenAiLine['response'], error: RowError | null): unknown {
  if (error?.code === 'batch_expired') return { type: 'expired' };
  if (error?.code === 'batch_cancelled') return { type: 'canceled' };
  if (error !== null)
    return { type: 'errored', error: messageError(error.type ?? 'api_error', error.message) };
  if (!response) return { type: 'errored', error: null };
  // Other providers write bodies as JSON texts; Anthropic does not.
  const { body } = response;
  return {
    type: 'succeeded',
    message: message(typeof body === 'string' ? (JSON.parse(body) as Wire) : body),
  };
}

const STOP_REASONS: Readonly<Record<string, string>> = { stop: 'end_turn', length: 'max_tokens' };

/** Converts a completion to a message. */
export function message({ id, model, choices, usage }: Wire): Wire {
  const [choice] = choices as readonly { message: { content: string }; finish_reason: string }[];
  const { prompt_tokens, completion_tokens } = usage as Readonly<Record<string, number>>;
  return {
    id: String(id).replace('chatcmpl-', 'msg_'),
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: choice?.message.content ?? '' }],
    stop_reason: STOP_REASONS[choice?.finish_reason ?? ''] ?? choice?.finish_reason,
    stop_sequence: null,
    usage: { input_tokens: prompt_tokens, output_tokens: completion_tokens },
  };
}
