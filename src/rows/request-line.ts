import { invalidText, isFields, noPrompt, RowRejected } from '../endpoints/ask.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { isExactNumber, numberText } from '../exact-json.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { DEAD_LETTER_FIELDS } from './dead-letter-fields.ts';
import type { Problem } from './row.ts';
import { hasLoneSurrogate, jsonLine } from '../jsonl/json-line.ts';
import { MissingColumn, type Template } from './template.ts';

/** The parts of the job that apply to every request. */
export interface RequestRules {
  readonly endpoint: string;
  readonly model?: string | undefined;
  readonly body: Fields;
  /** The profile's templates. With `prompt`, a row's fields are only data for the template. */
  readonly system?: Template | undefined;
  readonly prompt?: Template | undefined;
  /** The provider's rules for a custom_id. Default: rules that every provider accepts. */
  readonly customIds?: CustomIdRules | undefined;
  /** The field with a row's id, in place of `custom_id` and `id`. */
  readonly id?: string | undefined;
}

export interface CustomIdRules {
  /** Most characters of an id. */
  readonly length: number;
  /** `ascii`: printable ASCII only, for ids that end up in a header; `word`: letters, digits, `_` and `-`. */
  readonly characters: 'any' | 'ascii' | 'word';
}

/** The result for a row: a request line with its newline, or the problem. */
export type Request =
  | {
      readonly customId: string;
      readonly text: string;
      readonly model: string;
      /** Number of texts to embed. */
      readonly inputs: number;
    }
  | { readonly customId: string; readonly problem: Problem };

/** Providers like OpenAI return ids of 64 characters and more; a longer id than this is a mistake in the input. */
export const MAX_CUSTOM_ID = 512;
const ANY_CUSTOM_ID: CustomIdRules = { length: MAX_CUSTOM_ID, characters: 'any' };

type Fields = Readonly<Record<string, unknown>>;

/** A row for which a request line is made. */
export interface RowToSend {
  readonly value: unknown;
  /** 1-based position of the row in the job, from which a missing id is generated. */
  readonly ordinal: number;
  /** True if its other fields are a table's columns and not body parameters. */
  readonly data?: boolean | undefined;
}

/**
 * Turns a row into a request line. A row is a complete request line, has a `body`, or has the fields of its endpoint (`prompt`,
 * `messages`, `input`, …: `src/endpoints/`); with the profile's templates it may have any fields. Of body parameters, those in a
 * row's `body` take precedence over the row's own fields, and these over the profile's.
 */
export function toRequestLine({ value, ordinal, data = false }: RowToSend, rules: RequestRules): Request {
  let customId = generatedId(ordinal);
  try {
    const fields = asFields(value);
    customId = readId(fields, rules) ?? customId;
    rejectDeadLetter(fields);
    const body = toBody(fields, data, rules);
    const request = { custom_id: customId, method: 'POST', url: rules.endpoint, body };
    const text = jsonLine(request);
    if (hasLoneSurrogate(text)) throw invalidText();
    return { customId, text, model: body.model, inputs: countTexts(body['input']) };
  } catch (error) {
    return { customId, problem: asProblem(error, value) };
  }
}

function asProblem(error: unknown, row: unknown): Problem {
  if (error instanceof RowRejected) return error.problem;
  if (!(error instanceof MissingColumn)) throw error;
  const meant = didYouMean(error.column, isFields(row) ? Object.keys(row) : []);
  return { code: 'MISSING_COLUMN', message: `${error.message}${meant}` };
}

/** The generated id of a row without a usable one. */
export function generatedId(ordinal: number): string {
  return `row-${String(ordinal).padStart(8, '0')}`;
}

const BEHIND_ID = Buffer.from(',"method":"POST"');

const BEFORE_BODY = Buffer.from(',"body":');

/** The body at the end of one of our request lines, unchanged. */
export function readBodyText(line: Buffer): string {
  const from = line.indexOf(BEFORE_BODY, line.indexOf(BEHIND_ID)) + BEFORE_BODY.length;
  return line.toString('utf8', from, line.lastIndexOf('}'));
}

function asFields(row: unknown): Fields {
  if (!isFields(row)) throw new RowRejected('NOT_AN_OBJECT', `The row is ${kindOf(row)}, not a JSON object.`);
  return row;
}

function rejectDeadLetter({ raw, body, prompt }: Fields): void {
  if (typeof raw === 'string' && body === undefined && prompt === undefined) {
    throw new RowRejected(
      'INVALID_JSON',
      'The row is the dead letter of an unreadable row: correct it under "raw".',
    );
  }
}

/** The id of an invalid row; undefined if it has no usable id. */
export function readUsableId(fields: Fields, rules: RequestRules): string | undefined {
  try {
    return readId(fields, rules);
  } catch (error) {
    if (error instanceof RowRejected) return undefined;
    throw error;
  }
}

function readId(fields: Fields, { id, customIds: rules = ANY_CUSTOM_ID }: RequestRules): string | undefined {
  const given = (id === undefined ? undefined : fields[id]) ?? fields['custom_id'] ?? fields['id'];
  if (given === undefined || given === null) return undefined;
  const name = numberText(given) ?? given;
  if (typeof name !== 'string' || name === '') {
    throw new RowRejected('INVALID_CUSTOM_ID', 'custom_id must be a string that is not empty, or a number.');
  }
  if (!name.isWellFormed()) throw invalidText();
  if (name.length > rules.length || /\p{Cc}/u.test(name)) {
    throw new RowRejected(
      'INVALID_CUSTOM_ID',
      `custom_id must have at most ${rules.length} characters and no control characters.`,
    );
  }
  if (!hasCharacters(name, rules)) {
    const taken = rules.characters === 'ascii' ? 'ASCII' : 'letters, digits, "_" and "-"';
    throw new RowRejected('INVALID_CUSTOM_ID', `This provider takes only ${taken} in a custom_id.`);
  }
  return name;
}

const CHARACTERS = { any: undefined, ascii: /^[\x20-\x7e]*$/, word: /^[A-Za-z0-9_-]*$/ };

/** True if an id has only characters that the provider accepts. */
export function hasCharacters(id: string, { characters }: CustomIdRules = ANY_CUSTOM_ID): boolean {
  return CHARACTERS[characters]?.test(id) ?? true;
}

/** Number of texts to embed. An array of numbers is one text, given as tokens. */
export function countTexts(input: unknown): number {
  return Array.isArray(input) && numberText(input[0]) === undefined ? input.length : 1;
}

function toBody(fields: Fields, data: boolean, rules: RequestRules): Fields & { readonly model: string } {
  rejectOtherTarget(fields, rules.endpoint);
  const own = ownBody(fields, data, rules);
  const body: Fields & { readonly model: string } = { ...rules.body, ...own, model: readModel(own, rules) };
  if (body['stream'] === true) {
    throw new RowRejected('STREAM_NOT_SUPPORTED', 'A batch cannot stream: leave "stream" out.');
  }
  return body;
}

/** The part of the body that comes from the row. */
function ownBody(fields: Fields, data: boolean, rules: RequestRules): Fields {
  if (fields['body'] !== undefined && !data) return withModel(wholeBody(fields['body']), fields);
  if (rules.prompt !== undefined && fields['messages'] === undefined) {
    const endpoint = endpointAt(rules.endpoint);
    if (rules.system !== undefined && !endpoint.takesSystem)
      throw noPrompt(`${rules.endpoint} takes no system message: take "system" out of the profile.`);
    const documents = fields['documents'];
    return endpoint.ask({ prompt: rules.prompt(fields), system: rules.system?.(fields), documents });
  }
  return withModel(shortForm(fields, data, rules), fields);
}

function withModel(body: Fields, { model }: Fields): Fields {
  return model === undefined || body['model'] !== undefined ? body : { ...body, model };
}

function rejectOtherTarget({ method, url }: Fields, endpoint: string): void {
  if (method !== undefined && method !== 'POST')
    throw new RowRejected('WRONG_METHOD', 'method must be "POST".');
  if (url !== undefined && url !== endpoint) {
    throw new RowRejected('WRONG_ENDPOINT', `url must be "${endpoint}": a job has one endpoint.`);
  }
}

function wholeBody(body: unknown): Fields {
  if (!isFields(body)) throw new RowRejected('INVALID_BODY', `body is ${kindOf(body)}, not a JSON object.`);
  return body;
}

function readModel(own: Fields, rules: RequestRules): string {
  const model = own['model'] ?? rules.model ?? rules.body['model'];
  if (typeof model === 'string' && model !== '') return model;
  throw new RowRejected('MISSING_MODEL', 'No model: name one in the row, in the profile, or with --model.');
}

/** The endpoint's part of a body, with the row's body parameters unless it is a table's row. */
function shortForm(fields: Fields, data: boolean, rules: RequestRules): Fields {
  const endpoint = endpointAt(rules.endpoint);
  const asked: Record<string, unknown> = {};
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (endpoint.fields.has(name)) asked[name] = value;
    else if (data || OWN_FIELDS.has(name) || name === rules.id || DEAD_LETTER_FIELDS.has(name)) continue;
    else if (endpoint.parameters.has(name)) parameters[name] = value;
    else throw unknownField(name, [...endpoint.fields, ...OWN_FIELDS, ...endpoint.parameters]);
  }
  // The profile's system message is used for a prompt without its own.
  if (endpoint.takesSystem && asked['prompt'] !== undefined) asked['system'] ??= rules.system?.(fields);
  return { ...endpoint.ask(asked), ...parameters };
}

/** Fields of a row that are neither part of the question nor sent unchanged. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['custom_id', 'id', 'method', 'url', 'model']);

function unknownField(name: string, known: readonly string[]): RowRejected {
  return new RowRejected(
    'UNKNOWN_FIELD',
    `"${name.slice(0, 80)}" is neither a field of a row nor a known body parameter.${didYouMean(name, known)} To send it, put it under "body".`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (isExactNumber(value)) return 'a number';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
