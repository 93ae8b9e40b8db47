import { bounded } from '../../errors.ts';
import { numberText } from '../../exact-json.ts';
import { tryJsonLine } from '../../jsonl/json-line.ts';
import { readPage, statusIn } from './error-text.ts';
import { readPythonLiteral } from './python-literal.ts';
import { asWire, type Wire } from '../wire.ts';

/** The code, message and status of an error, in any envelope. */
export interface WireError {
  /** The failure's name: its code, otherwise its type, otherwise a status. */
  readonly code: string | undefined;
  /** The provider's message. */
  readonly message: string | undefined;
  /** Further names of the failure: types, outer codes, statuses. */
  readonly others?: readonly string[];
  /** The HTTP status among the error's codes. With several, the innermost decides, because outer errors wrap inner ones. */
  readonly status?: number;
}

/**
 * Reads an error of a call or of a row: nested `{error: {code, message}}`, `{code, message}`, `{detail}`, a list, a text, a text
 * with JSON or a Python dict, or an HTML page.
 */
export function readError(value: unknown): WireError {
  const { names, status, wrapper, message } = read(value, 0);
  // The inner error comes first; the name of the outer one is added after it.
  const inOrder = wrapper === undefined ? names : [...names.filter((name) => name !== wrapper), wrapper];
  const [code, ...others] = new Set(inOrder);
  return {
    code,
    message: wrapper === undefined || message === undefined ? message : `${message} (in an error ${wrapper})`,
    ...(others.length > 0 && { others }),
    ...(status !== undefined && { status: Number(status) }),
  };
}

/** Fields of an error envelope; an answer has none of them. */
export const ENVELOPE = new Set([
  'id',
  'created',
  'model',
  'provider',
  'error',
  'errors',
  'detail',
  'message',
  'msg',
  'code',
  'type',
  'param',
  'object',
  'status',
  'status_code',
  'statusCode',
  'request_id',
  'requestId',
  'user_id',
  'trace_id',
  'timestamp',
  'path',
  'title',
  'success',
]);

interface Found {
  readonly names: readonly string[];
  /** The innermost name that is a status. */
  readonly status: string | undefined;
  /** The name of a surrounding error, if it differs. */
  readonly wrapper?: string | undefined;
  /** Set if the whole text is an envelope. */
  readonly isText?: true;
  readonly message: string | undefined;
}

const NOTHING: Found = { names: [], status: undefined, message: undefined };

function found(names: readonly string[], message: string | undefined): Found {
  return { names, status: names.find((name) => /^[45]\d\d$/.test(name)), message };
}

/** Deepest envelope to read; the input is untrusted. */
export const MAX_LEVELS = 8;

function read(value: unknown, level: number): Found {
  if (level > MAX_LEVELS) return NOTHING;
  if (typeof value === 'string') return readText(value, level);
  if (Array.isArray(value)) return readList(value, level);
  const wire = asWire(value);
  return wire === undefined ? NOTHING : readObject(wire, level);
}

/** Names of fields with an error's message, most specific first. */
const WORDS = [
  'message',
  'Message',
  'msg',
  'error_message',
  'errorMessage',
  'error_msg',
  'error_description',
  'faultstring',
  'status_msg',
];
const LESS_EXACT_WORDS = ['description', 'reason', 'title'];

/** A message that only says that there is an error. */
const GENERIC = /^provider returned error\.?$/i;

function readObject(wire: Wire, level: number): Found {
  const all = (names: readonly string[]): readonly Found[] =>
    names.map((name) => read(wire[name], level + 1));
  const inner = all(['error', 'errors', 'fault', 'base_resp']);
  const own = all(WORDS).find(({ message }) => message !== undefined) ?? NOTHING;
  const detail = readDetail(wire['detail'], level);
  const innerMessage = joined(
    inner.map(({ message }) => message),
    '; ',
  );
  // A router puts the error of the provider that it calls here.
  const raw = read(asWire(wire['metadata'])?.['raw'], level + 1);
  const isGeneric = raw.message !== undefined && GENERIC.test(own.message ?? '');
  const beside = (isGeneric ? joined([own.message, raw.message], ': ') : own.message) ?? detail.message;
  // If there is also a message, an error that is a plain text is only a title, such as "Bad Request".
  const titled = typeof wire['error'] === 'string' && innerMessage !== undefined && beside !== undefined;
  const message = titled ? joined([innerMessage, beside], ': ') : (innerMessage ?? beside);
  const named = found(namesOf(wire), undefined);
  const parts = [...inner, raw, own, detail, named];
  const status = parts.find((part) => part.status !== undefined)?.status;
  return {
    // A code in a field of its own is better than one found in a message.
    names: [...inner, named, own, detail, raw].flatMap(({ names }) => names),
    status,
    wrapper: wrapperOf(named, { status, own }) ?? parts.find((part) => part.wrapper !== undefined)?.wrapper,
    message:
      message ??
      all(LESS_EXACT_WORDS).find((words) => words.message !== undefined)?.message ??
      otherWords(wire['error']),
  };
}

/** The name of an outer error whose inner error has another name, such as a 400 around a 500. */
function wrapperOf({ names, status: outer }: Found, { status, own }: Pick<Found, 'status'> & { own: Found }) {
  if (outer !== undefined && outer !== status) return outer;
  const isOther =
    own.isText === true && own.names.length > 0 && !own.names.some((name) => names.includes(name));
  return isOther ? names[0] : undefined;
}

/** The texts of an error in fields with unknown names. */
function otherWords(error: unknown): string | undefined {
  const wire = asWire(error);
  if (wire === undefined || Object.keys(wire).every((name) => ENVELOPE.has(name))) return undefined;
  const json = tryJsonLine(wire);
  return json === undefined ? undefined : bounded(json.trimEnd());
}

/** Fields with the name of an error, most specific first. */
const CODES = ['code', 'error_code', 'errorCode', 'errorcode', 'type', 'errorType', '__type'];

function namesOf(wire: Wire): string[] {
  const names = CODES.map((name) => nameOf(wire[name]));
  // A status instead of an error.
  names.push(numberText(wire['error']));
  const statuses = ['status', 'status_code', 'statusCode', 'http_status']
    .map((name) => nameOf(wire[name]))
    .filter((name) => name !== undefined && /^(?:[45]\d\d|[A-Z][A-Z_]+)$/.test(name));
  return [...names, ...statuses].filter((name) => name !== undefined).filter((name) => !UNNAMED.test(name));
}

/** Names that only say that there is an error. */
const UNNAMED = /^(?:0|error|about:.*|.*:\/\/.*)$/i;

export function nameOf(value: unknown): string | undefined {
  // Some programs write every number with a fraction: 429.0.
  return typeof value === 'string' && value !== '' ? value : numberText(value)?.replace(/\.0+$/, '');
}

function readList(list: readonly unknown[], level: number): Found {
  const all = list.slice(0, MAX_LISTED).map((each) => read(each, level + 1));
  return found(
    all.flatMap(({ names }) => names),
    joined(
      all.map(({ message }) => message),
      '; ',
    ),
  );
}

/** Most errors of a list to report. */
const MAX_LISTED = 20;

/** FastAPI's `detail`: a text, an error, or a list of invalid fields, whose types are not codes. */
function readDetail(given: unknown, level: number): Found {
  // Llama Stack nests the list under another name.
  const inner = asWire(given)?.['errors'];
  const detail = Array.isArray(inner) ? inner : given;
  if (!Array.isArray(detail)) return read(detail, level + 1);
  const messages = detail.slice(0, MAX_LISTED).map((each: unknown) => {
    const { message } = read(each, level + 1);
    const field = fieldOf(asWire(each)?.['loc']);
    return field === '' || message === undefined ? message : `${field}: ${message}`;
  });
  return found([], joined(messages, '; '));
}

/** Path of the field in the request, without the leading `body`. */
function fieldOf(path: unknown): string {
  if (!Array.isArray(path)) return '';
  return path
    .filter((part, at) => at > 0 || part !== 'body')
    .map((part) => nameOf(part) ?? '')
    .join('.');
}

function joined(texts: readonly (string | undefined)[], between: string): string | undefined {
  const said = new Set(texts.filter((text) => text !== undefined));
  return said.size === 0 ? undefined : [...said].join(between);
}

/** Longest text that is parsed, in characters. */
const MAX_PARSED = 100_000;

function readText(text: string, level: number): Found {
  const trimmed = text.trim();
  if (trimmed === '') return NOTHING;
  if (trimmed.startsWith('<')) {
    const { names, words } = readPage(trimmed);
    return found(names, words);
  }
  const at = trimmed.length > MAX_PARSED ? -1 : trimmed.search(/[{["]/);
  const value = at === -1 ? undefined : parse(trimmed.slice(at));
  const inside = value === undefined || typeof value === 'number' ? NOTHING : read(value, level + 1);
  if (at === 0) return inside.message === undefined ? found(inside.names, text) : { ...inside, isText: true };
  const status = statusIn(trimmed);
  return found([...inside.names, ...(status === undefined ? [] : [status])], text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return readPythonLiteral(text);
  }
}
