import type { WireError } from '../provider/errors/error-envelope.ts';
import { asWire } from '../provider/wire.ts';
import { isFields, nonBlank, noPrompt } from './ask.ts';
import { choiceProblem, readChoices } from './choices.ts';
import { readContent } from './content.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, isReason, isUsual, reason } from './show.ts';

/** `/v1/chat/completions`: a prompt or a conversation becomes `text`. */
export const CHAT: Endpoint = {
  path: /\/chat\/completions$/,
  fields: new Set(['prompt', 'system', 'messages', 'input']),
  parameters: CHAT_PARAMETERS,
  takesSystem: true,
  ask: (fields) => ({ messages: messages(fields) }),
  problem,
  show,
};

function messages({ prompt, system, messages: given, input }: Fields): unknown {
  if (input !== undefined)
    throw noPrompt('"input" is for embeddings; a chat row has "prompt" or "messages".');
  if (given !== undefined) {
    if (prompt !== undefined || system !== undefined)
      throw noPrompt('Give "prompt" or "messages", not both.');
    if (!Array.isArray(given) || given.length === 0 || !given.every(isFields)) {
      throw noPrompt('messages must be an array of message objects that is not empty.');
    }
    return given;
  }
  const user = { role: 'user', content: nonBlank(prompt, 'prompt') };
  return system === undefined ? [user] : [{ role: 'system', content: nonBlank(system, 'system') }, user];
}

const SHOWN = envelope('choices');

/** Fields of a choice that are shown completely by `text`, `finish_reason` and `refusal`. */
const PLAIN_CHOICE = new Set(['index', 'message', 'finish_reason']);
const PLAIN_MESSAGE = new Set(['role', 'content', 'refusal']);

const isMessage = (value: unknown): boolean => asWire(value) !== undefined;

/** Checks an answer: it has a choice with a message. The message may be empty, or have only tool calls. */
function problem(body: unknown): WireError | undefined {
  return choiceProblem(body, 'message', isMessage);
}

/** Shows the first choice with a message. All choices are kept in `body` if they hold more than that. */
function show(body: unknown): Shown {
  const { choices, first } = readChoices(body, 'message', isMessage);
  const message = asWire(first['message']) ?? {};
  const content = readContent(message['content']);
  const { refusal: said } = message;
  const refusal = typeof said === 'string' && said !== '' ? said : content.refusal;
  const plain =
    choices.length === 1 &&
    isPlain(first, PLAIN_CHOICE) &&
    isUsual(first['index'], 0) &&
    isReason(first['finish_reason']) &&
    isPlain(message, PLAIN_MESSAGE) &&
    isUsual(message['role'], 'assistant') &&
    isUsual(said, '', refusal) &&
    typeof (message['content'] ?? '') === 'string';
  return {
    text: content.text,
    finish_reason: reason(first['finish_reason']),
    ...(refusal !== undefined && { refusal }),
    ...common(body, SHOWN, plain ? {} : { choices }),
  };
}
