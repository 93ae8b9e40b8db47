import { asWire, type Wire } from '../wire.ts';

/** A line of a message batch's results as a result line of ours, with a newline; `undefined` when it is no JSON object. */
export function toResultLine(line: Buffer): Buffer | undefined {
  const wire = parse(line);
  if (wire === undefined) return undefined;
  const outcome = toOutcome(asWire(wire['result']) ?? {});
  return Buffer.from(`${JSON.stringify({ custom_id: wire['custom_id'], ...outcome })}\n`);
}

function parse(line: Buffer): Wire | undefined {
  try {
    return asWire(JSON.parse(line.toString('utf8')));
  } catch {
    return undefined;
  }
}

function toOutcome(result: Wire): Wire {
  const message = asWire(result['message']);
  if (result['type'] === 'succeeded' && message !== undefined)
    return { response: { status_code: 200, body: toCompletion(message) }, error: null };
  return { response: null, error: toError(result) };
}

/** The envelope of an error is inside the result as it is around an answer. */
function toError({ type, error }: Wire): Wire | null {
  if (type === 'expired' || type === 'canceled') {
    const [code, how] =
      type === 'expired' ? ['batch_expired', 'expired'] : ['batch_cancelled', 'was cancelled'];
    return { code, message: `The batch ${how} before this request was sent to the model.` };
  }
  const envelope = asWire(error);
  const told = asWire(envelope?.['error']) ?? envelope;
  if (told === undefined) return null;
  // It has no type of its own, and is no fault of the row.
  const isUnpaid = /credit balance is too low/i.test(String(told['message']));
  return { code: isUnpaid ? 'billing_error' : told['type'], message: told['message'] };
}

const FINISH_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

/** The body of an answer to one message of its own: a completion, or OpenAI's envelope of an error. */
export function toRealtimeBody(status: number, body: string): string {
  const wire = asWire(JSON.parse(body));
  if (wire === undefined) return body;
  return JSON.stringify(
    status >= 200 && status < 300 ? toCompletion(wire) : { error: toError({ error: wire }) },
  );
}

/** A message as a chat completion. Blocks that a completion has no place for stay beside it, all of them in order. */
function toCompletion({ id, model, content, stop_reason, usage, role }: Wire): Wire {
  const blocks = (Array.isArray(content) ? content : []).map((block) => asWire(block) ?? {});
  const texts = blocks.filter(({ type }) => type === 'text');
  const calls = blocks.filter(({ type }) => type === 'tool_use');
  return {
    id,
    object: 'chat.completion',
    model,
    choices: [
      {
        index: 0,
        message: {
          role,
          content: texts.length === 0 ? null : texts.map(({ text }) => text).join(''),
          ...(calls.length > 0 && { tool_calls: calls.map(toToolCall) }),
        },
        finish_reason: FINISH_REASONS.get(stop_reason) ?? stop_reason,
      },
    ],
    usage: toUsage(asWire(usage) ?? {}),
    ...(blocks.length > texts.length + calls.length && { content: blocks }),
  };
}

function toToolCall({ id, name, input }: Wire): Wire {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}

/** Tokens that were read from a cache or written to it are not among Anthropic's `input_tokens`. */
function toUsage(usage: Wire): Wire {
  const count = (name: string): number => (typeof usage[name] === 'number' ? usage[name] : 0);
  const cached = count('cache_read_input_tokens');
  const prompt = count('input_tokens') + cached + count('cache_creation_input_tokens');
  const completion = count('output_tokens');
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached > 0 && { prompt_tokens_details: { cached_tokens: cached } }),
  };
}
