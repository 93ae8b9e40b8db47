import type { Asked } from '../../src/endpoints/endpoint.ts';

/** Defines a second time what an answer is, without the project's own readers. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (list: unknown): readonly Json[] =>
  Array.isArray(list) ? list.map((each: unknown) => (isObject(each) ? each : {})) : [];
/** Whether a value contains any text or number. Some programs write an empty error if there is none. */
const holdsAnything = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(holdsAnything)
    : value !== null && value !== undefined && value !== '' && value !== 0;
export const hasError = (value: Json): boolean =>
  holdsAnything(value['error']) || holdsAnything(value['errors']);
const isVector = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number');

/** An endpoint that `src/endpoints/` does not have. */
export const UNKNOWN = '/v1/moderations';

const DEFINITIONS: Readonly<Record<string, (body: Json, asked: Asked) => boolean>> = {
  '/v1/chat/completions': ({ choices }) =>
    objects(choices).some(({ message }) => isObject(message)) &&
    objects(choices).every(
      (choice) =>
        ![choice, ...objects([choice['message']])].some(hasError) && choice['finish_reason'] !== 'error',
    ),
  '/v1/completions': ({ choices }, { inputs = 1 }) =>
    objects(choices).filter(({ text }) => typeof text === 'string').length >= inputs &&
    objects(choices).every(
      (choice) =>
        ![choice, ...objects([choice['text']])].some(hasError) && choice['finish_reason'] !== 'error',
    ),
  '/v1/responses': ({ status, output }) =>
    (status === 'completed' || status === 'incomplete') &&
    objects(output).some((item) => Object.keys(item).length > 0),
  '/v1/embeddings': ({ data }, { inputs = 1 }) => {
    const places = objects(data).map(({ index }, at) => index ?? at);
    return (
      objects(data).every((entry) => isVector(entry['embedding']) && !hasError(entry)) &&
      places.length === inputs &&
      Array.from({ length: inputs }, (_, at) => at).every((at) => places.includes(at))
    );
  },
  '/v1/rerank': ({ results }, { inputs: documents = 99 }) =>
    objects(results).length > 0 &&
    objects(results).every(
      (each) =>
        !hasError(each) &&
        Number.isInteger(each['index']) &&
        Number(each['index']) < documents &&
        typeof each['relevance_score'] === 'number',
    ) &&
    new Set(objects(results).map(({ index }) => index)).size === objects(results).length,
  '/v1/images/generations': ({ data }) =>
    objects(data).some(({ url }) => typeof url === 'string') &&
    objects(data).every((each) => !hasError(each)),
  '/v1/audio/speech': (body) =>
    ['audio', 'data', 'b64_json', 'audio_base64', 'base64_audio', 'content'].some((place) => {
      const value = body[place];
      return (isObject(value) ? value['data'] : value) === SOUND;
    }),
  [UNKNOWN]: () => true,
};

export const SOUND = Buffer.from('RIFF and some samples, and more of them').toString('base64');

/** At an unknown endpoint, a body is an answer if it has any field other than these. */
const NAMES_OF_AN_ANSWER = new Set(['error', 'errors', 'id', 'model', 'message', 'code']);
const carriesError = (path: string, body: Json): boolean =>
  hasError(body) && (path !== UNKNOWN || Object.keys(body).every((name) => NAMES_OF_AN_ANSWER.has(name)));

export const ENDPOINTS = Object.keys(DEFINITIONS);

/** Whether a body is an answer of this endpoint to the request. */
export function isAnswer(path: string, body: unknown, asked: Asked): boolean {
  return isObject(body) && !carriesError(path, body) && DEFINITIONS[path]?.(body, asked) === true;
}
