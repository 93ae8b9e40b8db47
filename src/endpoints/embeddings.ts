import { asWire, type Wire } from '../provider/wire.ts';
import { nonBlank, noPrompt } from './ask.ts';
import type { Endpoint, Fields, HowToShow, Shown } from './endpoint.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { common, envelope } from './show.ts';

/** `/v1/embeddings`: a text, or several, become `embedding` or `embeddings`. */
export const EMBEDDINGS: Endpoint = {
  path: /\/embeddings$/,
  fields: new Set(['prompt', 'system', 'messages', 'input']),
  // Chat's: one profile may serve both.
  parameters: CHAT_PARAMETERS,
  takesSystem: false,
  ask: (fields) => ({ input: textOrTexts(fields) }),
  show,
};

function textOrTexts({ prompt, system, messages, input }: Fields): unknown {
  if (messages !== undefined || system !== undefined)
    throw noPrompt('An embeddings row has "input" or "prompt".');
  if (input === undefined) return nonBlank(prompt, 'prompt');
  if (prompt !== undefined) throw noPrompt('Give "prompt" or "input", not both.');
  if (Array.isArray(input) && input.length > 0) return input;
  return nonBlank(input, 'input');
}

const SHOWN = envelope('data');

function show(body: Wire, { manyInputs }: HowToShow): Shown | undefined {
  const data = Array.isArray(body['data']) ? (body['data'] as unknown[]).map(asWire) : [];
  const vectors = data
    .filter((entry) => entry !== undefined)
    .toSorted((a, b) => Number(a['index'] ?? 0) - Number(b['index'] ?? 0))
    .map((entry) => entry['embedding']);
  if (vectors.length === 0 || vectors.includes(undefined)) return undefined;
  const shown = manyInputs || vectors.length > 1 ? { embeddings: vectors } : { embedding: vectors[0] };
  return { ...shown, ...common(body, SHOWN) };
}
