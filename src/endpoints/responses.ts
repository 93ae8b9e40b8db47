import { asWire, type Wire } from '../provider/wire.ts';
import { isFields, nonBlank, noPrompt, oneOf } from './ask.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { RESPONSE_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain } from './show.ts';

/** `/v1/responses`: a prompt, or a list of items, becomes `text`. */
export const RESPONSES: Endpoint = {
  path: /\/responses$/,
  fields: new Set(['prompt', 'input', 'system']),
  parameters: RESPONSE_PARAMETERS,
  takesSystem: true,
  ask,
  show,
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

/** What a response repeats of its request, and what `finish_reason` says. */
const SHOWN = envelope(
  ...RESPONSE_PARAMETERS,
  'billing',
  'completed_at',
  'created_at',
  'error',
  'incomplete_details',
  'output',
  'status',
);

/** Parts of an output that hold no more than their text. */
const PLAIN_ITEM = new Set(['id', 'type', 'status', 'role', 'content', 'phase']);
const PLAIN_PART = new Set(['type', 'text', 'annotations', 'logprobs']);

/** The texts of all messages; the output is kept when it holds anything else, such as reasoning or calls of tools. */
function show(body: Wire): Shown | undefined {
  const output = Array.isArray(body['output']) ? (body['output'] as unknown[]).map(asWire) : undefined;
  if (output === undefined) return undefined;
  const messages = output.filter((item) => item?.['type'] === 'message');
  const parts = messages.flatMap((item) =>
    Array.isArray(item?.['content']) ? (item['content'] as unknown[]) : [],
  );
  const texts = parts.map(asWire).filter((part) => isText(part));
  const plain =
    messages.length === output.length &&
    messages.every((item) => isPlain(item ?? {}, PLAIN_ITEM)) &&
    texts.length === parts.length &&
    texts.every(isPlainText);
  return {
    text: texts.length === 0 ? null : texts.map(({ text }) => text).join(''),
    finish_reason: finishReason(body),
    ...common(body, SHOWN, plain ? {} : { output: body['output'] }),
  };
}

type Text = Wire & { readonly text: string };

function isText(part: Wire | undefined): part is Text {
  return part?.['type'] === 'output_text' && typeof part['text'] === 'string';
}

function isPlainText(part: Wire): boolean {
  const { annotations, logprobs } = part;
  return isPlain(part, PLAIN_PART) && isNothing(annotations) && isNothing(logprobs);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** In chat's words where it has one, else as the provider says it. */
function finishReason({ status, incomplete_details: details }: Wire): string | null {
  if (status === 'completed') return 'stop';
  const why = asWire(details)?.['reason'];
  if (why === 'max_output_tokens') return 'length';
  if (typeof why === 'string') return why;
  return typeof status === 'string' ? status : null;
}
