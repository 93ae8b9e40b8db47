import { asWire, type Wire } from '../provider/wire.ts';
import { nonBlank } from './ask.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { COMPLETION_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, reason } from './show.ts';

/** `/v1/completions`: a prompt, or several, become `text`; of several answers the others are in `body`. */
export const COMPLETIONS: Endpoint = {
  path: /\/v\d+\/completions$/,
  fields: new Set(['prompt']),
  parameters: COMPLETION_PARAMETERS,
  takesSystem: false,
  ask: ({ prompt }: Fields) => ({
    prompt: Array.isArray(prompt) && prompt.length > 0 ? prompt : nonBlank(prompt, 'prompt'),
  }),
  show,
};

const SHOWN = envelope('choices');
const PLAIN_CHOICE = new Set(['index', 'text', 'finish_reason']);

function show(body: Wire): Shown | undefined {
  const choices = Array.isArray(body['choices']) ? (body['choices'] as unknown[]) : [];
  const choice = asWire(choices[0]);
  const text = choice?.['text'];
  if (choice === undefined || typeof text !== 'string') return undefined;
  const plain = choices.length === 1 && isPlain(choice, PLAIN_CHOICE);
  return {
    text,
    finish_reason: reason(choice['finish_reason']),
    ...common(body, SHOWN, plain ? {} : { choices }),
  };
}
