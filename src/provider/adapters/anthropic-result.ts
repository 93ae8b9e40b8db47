import { numberText } from '../../exact-json.ts';
import { readAnswer, tryReadAnswer } from '../../jsonl/answer-json.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { readError } from '../errors/error-envelope.ts';
import { saysNothing } from '../errors/error-signs.ts';
import { asWire, type Wire } from '../wire.ts';

/** Converts a result line of a message batch to one of ours, with a newline; `undefined` if it is not a JSON object. */
export function toResultLine(line: Buffer): Buffer | undefined {
  const wire = asWire(tryReadAnswer(line.toString('utf8')));
  if (wire === undefined) return undefined;
  const deep = { custom_id: wire['custom_id'], response: null, error: TOO_DEEP };
  return Buffer.from(unlessTooDeep(() => jsonLine(translate(wire))) ?? jsonLine(deep));
}

/** Converts a line. Keeps further fields of the line, because one of them may be its id under another name. */
function translate({ result, ...line }: Wire): Wire {
  const outcome = asWire(result);
  if (outcome !== undefined) return { ...line, ...toOutcome(outcome) };
  const { custom_id, ...raised } = line;
  // The result's fields are in the line itself.
  if (isMessage(raised) || RESULT_TYPES.has(raised['type'])) return { custom_id, ...toOutcome(raised) };
  return line;
}

const RESULT_TYPES: ReadonlySet<unknown> = new Set(['succeeded', 'errored', 'canceled', 'expired']);

const isMessage = ({ type, content }: Wire): boolean => type === 'message' && Array.isArray(content);

/** Returns `undefined` for a value with thousands of levels, which can be parsed but not written. */
function unlessTooDeep(write: () => string): string | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const TOO_DEEP = {
  code: 'ANSWER_TOO_DEEP',
  message: 'The answer is nested too deeply to be translated.',
};

function toOutcome(result: Wire): Wire {
  const message = isMessage(result) ? result : result['message'];
  return result['type'] === 'succeeded' || isMessage(result)
    ? { response: { status_code: 200, body: toCompletion(message) }, error: null }
    : { response: null, error: toError(result) };
}

/** The error without its envelope. Inside a result it may have one, as in HTTP answers. */
function toError({ type, error }: Wire): unknown {
  if (type === 'expired' || type === 'canceled') {
    const [code, how] =
      type === 'expired' ? ['batch_expired', 'expired'] : ['batch_cancelled', 'was cancelled'];
    return { code, message: `The batch ${how} before this request was sent to the model.` };
  }
  const { message } = readError(error);
  // This error has no type of its own. It concerns the account, not the row.
  const isUnpaid = message !== undefined && /credit balance is too low/i.test(message);
  return isUnpaid ? { code: 'billing_error', message } : (error ?? null);
}

const FINISH_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

/** Converts the body of a realtime answer to a chat completion, or to OpenAI's envelope of an error. */
export function toRealtimeBody(status: number, body: string): string {
  const value = readAnswer(body);
  if (asWire(value) === undefined) return body;
  const isSuccess = status >= 200 && status < 300;
  const toBody = (): unknown => (isSuccess ? toCompletion(value) : { error: toError({ error: value }) });
  return unlessTooDeep(() => JSON.stringify(toBody())) ?? JSON.stringify({ error: TOO_DEEP });
}

/** Types and fields of blocks that a completion can represent. */
const PLAIN_TEXT = new Set(['type', 'text']);
const PLAIN_CALL = new Set(['type', 'id', 'name', 'input']);

/**
 * Converts a message to a chat completion. If it has blocks that a completion cannot represent, all blocks are kept beside it in
 * order, and so are other fields. Anything that is not a message stays unchanged and is not accepted as an answer.
 */
function toCompletion(message: unknown): unknown {
  const wire = asWire(message);
  if (wire === undefined || !Array.isArray(wire['content'])) return message ?? null;
  const { id, type, model, content, stop_reason, stop_sequence, usage, role, ...others } = wire;
  const blocks: readonly unknown[] = content;
  const texts = blocks.map(textOf).filter((text) => text !== undefined);
  const calls = blocks.map((block) => asWire(block) ?? {}).filter(({ type: kind }) => kind === 'tool_use');
  const isWhole = texts.length < 2 && blocks.every(isPlainBlock);
  return {
    ...others,
    // Any other type carries information about the answer.
    ...(type !== 'message' && { type }),
    id,
    object: 'chat.completion',
    model,
    choices: [
      {
        index: 0,
        message: {
          role,
          content: texts.length === 0 ? null : texts.join(''),
          ...(calls.length > 0 && { tool_calls: calls.map(toToolCall) }),
        },
        finish_reason: FINISH_REASONS.get(stop_reason) ?? stop_reason,
      },
    ],
    usage: toUsage(usage),
    ...(!saysNothing(stop_sequence) && { stop_sequence }),
    ...(!isWhole && { content }),
  };
}

function textOf(block: unknown): string | undefined {
  const { type, text } = asWire(block) ?? {};
  return type === 'text' && typeof text === 'string' ? text : undefined;
}

function isPlainBlock(block: unknown): boolean {
  const wire = asWire(block) ?? {};
  if (textOf(block) !== undefined) return holdsOnly(wire, PLAIN_TEXT);
  return wire['type'] === 'tool_use' && holdsOnly(wire, PLAIN_CALL);
}

function holdsOnly(block: Wire, fields: ReadonlySet<string>): boolean {
  return Object.entries(block).every(
    ([name, value]) => fields.has(name) || value === null || value === undefined,
  );
}

function toToolCall({ id, name, input }: Wire): Wire {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}

/**
 * Adds tokens read from or written to a cache, which Anthropic's `input_tokens` does not include. Other fields stay, and so do
 * values that are not numbers.
 */
function toUsage(given: unknown): unknown {
  const usage = asWire(given);
  if (usage === undefined) return given;
  const { input_tokens, output_tokens, cache_read_input_tokens, ...others } = usage;
  const cached = count(cache_read_input_tokens);
  const prompt = count(input_tokens) + cached + count(others['cache_creation_input_tokens']);
  const completion = count(output_tokens);
  const unread = Object.entries({ input_tokens, output_tokens, cache_read_input_tokens }).filter(
    ([, value]) => !saysNothing(value) && numberText(value) === undefined,
  );
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached > 0 && { prompt_tokens_details: { cached_tokens: cached } }),
    ...others,
    ...Object.fromEntries(unread),
  };
}

function count(value: unknown): number {
  const number = Number(numberText(value) ?? 0);
  return Number.isFinite(number) ? number : 0;
}
