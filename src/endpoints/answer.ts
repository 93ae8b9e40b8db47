import { readError, type WireError } from '../provider/errors/error-envelope.ts';
import { carriedError, hasFailureDetail, isOnlyError } from '../provider/errors/error-signs.ts';
import { numberText } from '../exact-json.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import type { Asked, Endpoint, Shown } from './endpoint.ts';

/** The meaning of a success's body: an answer with the fields that a result line shows, or a failure with its reason. */
export type Answer =
  | { readonly kind: 'answer'; readonly shown: Shown }
  | { readonly kind: 'failure'; readonly error: WireError };

/**
 * Reads the body of a success. It is an answer only if the endpoint's rule accepts it. A body with an error becomes a failure
 * with that error's code; at an unknown endpoint only if the body holds nothing but the error.
 */
export function answerOf(body: unknown, endpoint: Endpoint, asked: Asked): Answer {
  const error = errorIn(body, endpoint) ?? problemOf(body, endpoint, asked);
  return error === undefined
    ? { kind: 'answer', shown: endpoint.show(body, asked) }
    : { kind: 'failure', error };
}

function errorIn(body: unknown, { problem }: Endpoint): WireError | undefined {
  if (body === null || body === undefined || body === '') return emptyResult(NEITHER);
  const carriesError = problem !== undefined && (carriedError(body) !== undefined || hasFailureDetail(body));
  return carriesError || isOnlyError(body) ? readError(body) : undefined;
}

const NEITHER = 'The provider gave neither an answer nor an error.';

function problemOf(body: unknown, endpoint: Endpoint, asked: Asked): WireError | undefined {
  const problem = endpoint.problem?.(body, asked);
  if (problem === undefined || !isWithoutAnswer(problem)) return problem;
  // A body without an answer is often an unmarked error: a text, a page, a message.
  const said = readError(body);
  if (said.message === undefined) return problem;
  const others = [...(said.others ?? []), problem.code ?? ''];
  return { ...said, code: said.code ?? problem.code, others };
}

const isWithoutAnswer = ({ code }: WireError): boolean =>
  code === 'EMPTY_RESULT' || code === 'UNEXPECTED_RESULT';

/** The failure of a body without an answer. A retry may return an answer. */
export function emptyResult(message: string): WireError {
  return { code: 'EMPTY_RESULT', message };
}

/** The failure of a body that has something else in place of the answer. It is paid for, and a retry may return the same. */
export function unexpectedResult(message: string): WireError {
  return { code: 'UNEXPECTED_RESULT', message };
}

/** The list in a field of the body if it is not empty; otherwise the failure of the body. */
export function listIn(body: unknown, field: string): readonly unknown[] | WireError {
  if (isBlank(body)) return emptyResult(`The answer has no "${field}".`);
  const wire = asWire(body);
  if (wire === undefined) return unexpectedResult(`The answer is ${kindOf(body)} without "${field}".`);
  const list = wire[field];
  if (isBlank(list)) {
    return withoutAnswer(wire, `The answer has no "${field}".`, field);
  }
  if (!isList(list)) return unexpectedResult(`"${field}" of the answer is ${kindOf(list)}, not a list.`);
  return list.every(isBlank) ? emptyResult(`"${field}" of the answer is empty.`) : list;
}

/** The failure of a body without its answer: it holds something else, or nothing. */
export function withoutAnswer(wire: Wire, message: string, field = ''): WireError {
  return saysOtherwise(wire, field) ? unexpectedResult(message) : emptyResult(message);
}

/** Fields that may hold content and are not part of the answer. */
const AROUND = new Set(['usage', 'metadata', 'headers', 'request', 'prompt_filter_results', 'provider']);

/**
 * Fields in which servers with APIs of their own write the text of an answer, or its URL. Other texts of a body describe it, or are
 * an error.
 */
const ANSWER_TEXTS = new Set([
  'answer',
  'audio_url',
  'image_url',
  'url',
  'completion',
  'content',
  'generated_text',
  'output',
  'output_text',
  'reply',
  'response',
  'text',
]);

/** True if a body without the field has content in another shape: it is paid for, and a retry would return the same. */
function saysOtherwise(wire: Wire, field: string): boolean {
  // If the field is present but empty, the body has no answer, unless a text is beside the field.
  const isThere = wire[field] !== undefined && wire[field] !== null;
  return Object.entries(wire).some(([name, value]) => {
    const mayHold =
      typeof value === 'string' ? ANSWER_TEXTS.has(name) : typeof value === 'object' && !isThere;
    return mayHold && !AROUND.has(name) && holdsContent(value, 0);
  });
}

const MAX_LEVELS = 8;

/** True for a text, and for numbers in a list, such as a vector. Other numbers describe an answer. */
function holdsContent(value: unknown, level: number): boolean {
  if (typeof value === 'string') return value.trim() !== '';
  if (isList(value) && value.some((each) => numberText(each) !== undefined)) return true;
  if (typeof value !== 'object' || value === null || numberText(value) !== undefined) return false;
  const inner = isList(value) ? value.map(scored) : Object.values(value);
  return level < MAX_LEVELS && inner.some((each) => holdsContent(each, level + 1));
}

/** The numbers of a list's element, which are a result, such as a position and a score. */
function scored(element: unknown): unknown {
  const values = Object.values(asWire(element) ?? {});
  return values.length > 0 ? values : element;
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** True for null and for an empty text, list or object. */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  const wire = asWire(value);
  return isList(value) ? value.length === 0 : wire !== undefined && Object.keys(wire).length === 0;
}

function kindOf(value: unknown): string {
  if (isList(value)) return 'a list';
  if (asWire(value) !== undefined) return 'an object';
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'a boolean' : 'a number';
}
