import { numberText } from '../exact-json.ts';
import { type WireError } from '../provider/errors/error-envelope.ts';
import { carriedError } from '../provider/errors/error-signs.ts';
import { asWire } from '../provider/wire.ts';
import { isList, listIn } from './answer.ts';
import { nonBlank, noPrompt, oneOf } from './ask.ts';
import type { Asked, Endpoint, Fields, Shown } from './endpoint.ts';
import { RERANK_PARAMETERS } from './parameters.ts';
import { common, envelope } from './show.ts';

/** `/v1/rerank`: a query and its documents become `ranking`, in the provider's order. */
export const RERANK: Endpoint = {
  path: /\/rerank$/,
  fields: new Set(['query', 'prompt', 'documents']),
  parameters: RERANK_PARAMETERS,
  takesSystem: false,
  ask: (fields) => ({
    query: nonBlank(oneOf(fields, 'query', 'prompt'), 'query'),
    documents: documents(fields),
  }),
  lists: 'documents',
  problem,
  show,
};

function documents({ documents: given }: Fields): unknown {
  if (Array.isArray(given) && given.length > 0) return given;
  throw noPrompt(
    given === undefined ? 'The row has no documents.' : 'documents must be an array that is not empty.',
  );
}

const SHOWN = envelope('results');

/** Checks an answer: it ranks documents of its request, each result has a position and a score, and no document occurs twice. */
function problem(body: unknown, { inputs = Number.POSITIVE_INFINITY }: Asked): WireError | undefined {
  const results = listIn(body, 'results');
  if (!isList(results)) return results;
  const error = results.map(carriedError).find((each) => each !== undefined);
  if (error !== undefined) return error;
  const positions = results.map(positionOf);
  if (
    positions.every((position) => position !== undefined && position < inputs) &&
    new Set(positions).size === positions.length
  )
    return undefined;
  return {
    code: 'INVALID_RANKING',
    message: 'The results of the answer do not have one position and one score for each document.',
  };
}

function positionOf(result: unknown): number | undefined {
  const { index, relevance_score: relevance, score = relevance } = asWire(result) ?? {};
  const position = Number(numberText(index) ?? Number.NaN);
  return numberText(score) !== undefined && Number.isSafeInteger(position) && position >= 0
    ? position
    : undefined;
}

function show(body: unknown): Shown {
  const ranking = asWire(body)?.['results'];
  return { ranking: isList(ranking) ? ranking : [], ...common(body, SHOWN) };
}
