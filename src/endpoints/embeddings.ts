import { numberText } from '../exact-json.ts';
import { type WireError } from '../provider/errors/error-envelope.ts';
import { carriedError } from '../provider/errors/error-signs.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import { isList, listIn } from './answer.ts';
import { nonBlank, noPrompt } from './ask.ts';
import type { Asked, Endpoint, Fields, Shown } from './endpoint.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { common, envelope, isPlain, isUsual } from './show.ts';

/** `/v1/embeddings`: one or more texts become `embedding` or `embeddings`. */
export const EMBEDDINGS: Endpoint = {
  path: /\/embeddings$/,
  fields: new Set(['prompt', 'system', 'messages', 'input']),
  // The same parameters as in chat, so that one profile can serve both.
  parameters: CHAT_PARAMETERS,
  takesSystem: false,
  ask: (fields) => ({ input: textOrTexts(fields) }),
  lists: 'input',
  problem,
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

/** Fields of an entry that are shown completely by its vector's position. */
const PLAIN_ENTRY = new Set(['object', 'index', 'embedding']);

/** Checks an answer: it has exactly one vector for each input. */
function problem(body: unknown, { inputs = 1 }: Asked): WireError | undefined {
  const data = listIn(body, 'data');
  if (!isList(data)) return data;
  const error = data.map(carriedError).find((each) => each !== undefined);
  if (error !== undefined) return error;
  const seen = new Set<number>();
  for (const [at, entry] of data.entries()) {
    const index = indexOf(entry, at);
    if (index === undefined || index >= inputs)
      return wrong(
        'SURPLUS_VECTOR',
        `It has a vector for ${describe(index)}, but the request has ${inputs}.`,
      );
    if (seen.has(index)) return wrong('DUPLICATE_VECTOR', `It has two vectors for ${describe(index)}.`);
    seen.add(index);
    const lack = vectorProblem(asWire(entry)?.['embedding'], describe(index));
    if (lack !== undefined) return lack;
  }
  const missing = Array.from({ length: inputs }, (_, index) => index).find((index) => !seen.has(index));
  return missing === undefined
    ? undefined
    : wrong('MISSING_VECTOR', `It has no vector for ${describe(missing)}.`);
}

/** The failure of vectors that do not match the inputs. They are paid for, and a retry would return the same. */
function wrong(code: string, message: string): WireError {
  return { code, message: `The answer does not fit its request. ${message}` };
}

const describe = (index: number | undefined): string =>
  index === undefined ? 'an input that cannot be' : `input ${index + 1}`;

/** The input that a vector belongs to: its position in the list, unless it names one. */
function indexOf(entry: unknown, at: number): number | undefined {
  const index = asWire(entry)?.['index'] ?? at;
  const text = typeof index === 'string' && /^\d+$/.test(index) ? index : numberText(index);
  const number = Number(text ?? Number.NaN);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

function vectorProblem(vector: unknown, of: string): WireError | undefined {
  if (vector === undefined || vector === null) return wrong('MISSING_VECTOR', `It has no vector for ${of}.`);
  if (vector === '' || (isList(vector) && vector.length === 0))
    return wrong('EMPTY_VECTOR', `The vector for ${of} is empty.`);
  const isVector = isList(vector)
    ? vector.every((each) => numberText(each) !== undefined)
    : typeof vector === 'string' && vector.length % 4 === 0 && BASE64.test(vector);
  return isVector
    ? undefined
    : wrong('INVALID_VECTOR', `The vector for ${of} is neither numbers nor base64 of them.`);
}

function show(body: unknown, { inputs }: Asked): Shown {
  const data = asWire(body)?.['data'];
  const entries = (isList(data) ? data : []).map((entry) => asWire(entry) ?? {});
  const vectors: unknown[] = [];
  for (const [at, entry] of entries.entries()) vectors[indexOf(entry, at) ?? at] = entry['embedding'];
  const rest = entries.map(({ embedding: _shown, ...entry }) => entry);
  return {
    ...(inputs === undefined ? { embedding: vectors[0] } : { embeddings: vectors }),
    ...common(body, SHOWN, rest.every(isPlainEntry) ? {} : { data: rest }),
  };
}

function isPlainEntry(entry: Wire): boolean {
  return isPlain(entry, PLAIN_ENTRY) && isUsual(entry['object'], 'embedding');
}
