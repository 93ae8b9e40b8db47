import { asWire, type Wire } from '../provider/wire.ts';
import { isFields, nonBlank, noPrompt } from './ask.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, reason } from './show.ts';

/** `/v1/chat/completions`: a prompt or a conversation becomes `text`. */
export const CHAT: Endpoint = {
  path: /\/chat\/completions$/,
  fields: new Set(['prompt', 'system', 'messages', 'input']),
  parameters: CHAT_PARAMETERS,
  takesSystem: true,
  ask: (fields) => ({ messages: messages(fields) }),
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

/** Fields of a choice and its message that `text` and `finish_reason` say in full. */
const PLAIN_CHOICE = new Set(['index', 'message', 'finish_reason']);
const PLAIN_MESSAGE = new Set(['role', 'content']);

function show(body: Wire): Shown | undefined {
  const choices = Array.isArray(body['choices']) ? (body['choices'] as unknown[]) : [];
  const choice = asWire(choices[0]);
  const message = asWire(choice?.['message']);
  const content = message?.['content'];
  if (choice === undefined || (content !== null && typeof content !== 'string')) return undefined;
  const plain =
    choices.length === 1 && isPlain(choice, PLAIN_CHOICE) && isPlain(message ?? {}, PLAIN_MESSAGE);
  return {
    text: content,
    finish_reason: reason(choice['finish_reason']),
    ...common(body, SHOWN, plain ? {} : { choices }),
  };
}
