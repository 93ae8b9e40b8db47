import { asWire, type Wire } from '../provider/wire.ts';
import { nonBlank, noPrompt, oneOf } from './ask.ts';
import type { Endpoint, Fields, Shown } from './endpoint.ts';
import { RERANK_PARAMETERS } from './parameters.ts';
import { common, envelope } from './show.ts';

/** `/v1/rerank`: a query and its documents become `ranking`, as the provider orders it. */
export const RERANK: Endpoint = {
  path: /\/rerank$/,
  fields: new Set(['query', 'prompt', 'documents']),
  parameters: RERANK_PARAMETERS,
  takesSystem: false,
  ask: (fields) => ({
    query: nonBlank(oneOf(fields, 'query', 'prompt'), 'query'),
    documents: documents(fields),
  }),
  show,
};

function documents({ documents: given }: Fields): unknown {
  if (Array.isArray(given) && given.length > 0) return given;
  throw noPrompt(
    given === undefined ? 'The row has no documents.' : 'documents must be an array that is not empty.',
  );
}

const SHOWN = envelope('results');

function show(body: Wire): Shown | undefined {
  const results = body['results'];
  if (!Array.isArray(results) || !results.every((each) => asWire(each) !== undefined)) return undefined;
  return { ranking: results, ...common(body, SHOWN) };
}
