import type { WireError } from '../provider/errors/error-envelope.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import { isBlank, isList, listIn, unexpectedResult } from './answer.ts';
import { isFields, nonBlank, noPrompt, oneOf } from './ask.ts';
import { readContent, type Content } from './content.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { RESPONSE_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, isReason, isUsual, reason } from './show.ts';

/** `/v1/responses`: a prompt, or a list of items, becomes `text`. */
export const RESPONSES: Endpoint = {
  path: /\/responses$/,
  fields: new Set(['prompt', 'input', 'system']),
  parameters: RESPONSE_PARAMETERS,
  takesSystem: true,
  ask,
  problem,
  show,
  texts,
};

function ask(fields: Fields): Fields {
  const { system } = fields;
  return {
    input: textOrItems(fields),
    ...(system !== undefined && { instructions: nonBlank(system, 'system') }),
  };
}

function textOrItems(fields: Fields): unknown {
  const given = oneOf(fields, 'prompt', 'input');
  if (!Array.isArray(given)) return nonBlank(given, fields['input'] === undefined ? 'prompt' : 'input');
  if (given.length > 0 && given.every(isFields)) return given;
  throw noPrompt('input must be a text, or an array of items that is not empty.');
}

/** Fields of a response that repeat the request, or say when it was made; they are left out. */
export const REPEATED = [
  'background',
  'billing',
  'completed_at',
  'created_at',
  'frequency_penalty',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'parallel_tool_calls',
  'presence_penalty',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'store',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
] as const;

const SHOWN = envelope(...REPEATED, 'error', 'incomplete_details', 'output', 'status');

/** Checks an answer: the response has ended, complete or truncated, and has an output. */
function problem(body: unknown): WireError | undefined {
  const status = asWire(body)?.['status'];
  if (typeof status === 'string' && !ENDED.has(status.toLowerCase())) {
    return {
      code: 'RESPONSE_NOT_COMPLETED',
      message: `The response is not completed: its status is "${status}".`,
    };
  }
  const output = listIn(body, 'output');
  if (!isList(output)) return output;
  if (!output.some((item) => asWire(item) !== undefined && !isBlank(item)))
    return unexpectedResult('The output of the response has no items.');
  return typeof status === 'string' ? undefined : unexpectedResult('The response has no status.');
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'incomplete']);

/** A message of the output. */
interface Message extends Content {
  readonly item: Wire;
}

/** Fields of a message that its text shows completely. */
const PLAIN_MESSAGE = new Set(['id', 'type', 'status', 'role', 'content']);

/** Reads the last message; if some are marked final, the last of those. Keeps the output if it contains anything else. */
function show(body: unknown): Shown {
  const wire = asWire(body) ?? {};
  const { status, incomplete_details: details } = wire;
  const messages = messagesOf(body);
  const answering = finalOf(messages);
  const refusal = answering.findLast((message) => message.refusal !== undefined)?.refusal;
  const [only] = messages;
  const plain =
    Array.isArray(wire['output']) &&
    wire['output'].length === 1 &&
    only !== undefined &&
    isPlainMessage(only);
  return {
    text: answering.findLast(({ text }) => text !== null)?.text ?? null,
    finish_reason: finishReason(status, details),
    ...(refusal !== undefined && { refusal }),
    ...common(body, SHOWN, {
      ...(plain ? {} : { output: wire['output'] }),
      ...(isShown(status, details) ? {} : { incomplete_details: details }),
    }),
  };
}

function messagesOf(body: unknown): readonly Message[] {
  const output = asWire(body)?.['output'];
  return (isList(output) ? output : [])
    .map((item) => asWire(item) ?? {})
    .filter(({ type }) => type === 'message')
    .map((item) => ({ item, ...readContent(item['content']) }));
}

/** The messages with the answer: the final ones; otherwise those that are not commentary; otherwise all. */
function finalOf(messages: readonly Message[]): readonly Message[] {
  const final = messages.filter(({ item }) => item['phase'] === 'final_answer');
  if (final.length > 0) return final;
  const others = messages.filter(({ item }) => item['phase'] !== 'commentary');
  return others.length > 0 ? others : messages;
}

function isPlainMessage({ item, isPlain: hasPlainContent }: Message): boolean {
  const { role, status, content } = item;
  return (
    hasPlainContent &&
    isPlain(item, PLAIN_MESSAGE) &&
    isUsual(role, 'assistant') &&
    isUsual(status, ...ENDED) &&
    content !== undefined
  );
}

/** The texts that may be the JSON that a schema requires: those of the answer from the last one back, then commentary. */
function texts(body: unknown): readonly string[] {
  const messages = messagesOf(body);
  const answering = finalOf(messages);
  const others = messages.filter((message) => !answering.includes(message));
  return [...answering.toReversed(), ...others.toReversed()].flatMap(({ text }) => text ?? []);
}

const isCompleted = (status: unknown): boolean =>
  typeof status === 'string' && status.toLowerCase() === 'completed';

/** The finish reason in the terms of chat completions if there is an equivalent, otherwise as the provider names it. */
function finishReason(status: unknown, details: unknown): string | null {
  if (isCompleted(status)) return 'stop';
  const why = asWire(details)?.['reason'];
  if (why === 'max_output_tokens') return 'length';
  return typeof why === 'string' ? why : reason(status);
}

/** True if the finish reason says everything that the details of an incomplete response say. */
function isShown(status: unknown, details: unknown): boolean {
  if (details === undefined || details === null) return true;
  const wire = asWire(details);
  return (
    !isCompleted(status) && wire !== undefined && isReason(wire['reason']) && isPlain(wire, PLAIN_DETAILS)
  );
}

const PLAIN_DETAILS = new Set(['reason']);
