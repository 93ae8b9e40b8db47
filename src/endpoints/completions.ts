import type { WireError } from '../provider/errors/error-envelope.ts';
import { nonBlank } from './ask.ts';
import { choiceProblem, readChoices } from './choices.ts';
import type { Asked, Endpoint, Fields, Shown } from './endpoint.ts';
import { COMPLETION_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, isReason, isUsual, reason } from './show.ts';

/** `/v1/completions`: one or more prompts become `text`; further answers are in `body`. */
export const COMPLETIONS: Endpoint = {
  path: /\/v\d+\/completions$/,
  fields: new Set(['prompt']),
  parameters: COMPLETION_PARAMETERS,
  takesSystem: false,
  ask: ({ prompt }: Fields) => ({
    prompt: Array.isArray(prompt) && prompt.length > 0 ? prompt : nonBlank(prompt, 'prompt'),
  }),
  lists: 'prompt',
  problem,
  show,
};

const SHOWN = envelope('choices');
const PLAIN_CHOICE = new Set(['index', 'text', 'finish_reason']);

const isText = (value: unknown): boolean => typeof value === 'string';

/** Checks an answer: it has a choice with a text for each prompt. */
function problem(body: unknown, { inputs = 1 }: Asked): WireError | undefined {
  return choiceProblem(body, 'text', isText, inputs);
}

function show(body: unknown): Shown {
  const { choices, first } = readChoices(body, 'text', isText);
  const { text, index, finish_reason: why } = first;
  const plain = choices.length === 1 && isPlain(first, PLAIN_CHOICE) && isUsual(index, 0) && isReason(why);
  return {
    text: typeof text === 'string' ? text : null,
    finish_reason: reason(why),
    ...common(body, SHOWN, plain ? {} : { choices }),
  };
}
