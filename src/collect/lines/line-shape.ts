import { numberText } from '../../exact-json.ts';
import type { Wire } from '../../provider/wire.ts';

/** Brings a result line into the common shape: an answer in the line itself is moved into a `response`. */
export function withResponse(line: Wire): Wire {
  if (!isNothing(line['response']) || !isNothing(line['error'])) return line;
  const { body, status_code, ...rest } = line;
  if (!isNothing(body)) return { ...line, response: { status_code, body } };
  const { custom_id: _id, response: _response, error: _error, ...fields } = rest;
  const holdsAnswer = Object.values(fields).some(isStructure);
  return holdsAnswer ? { ...line, response: { status_code, body: fields } } : line;
}

/** True for an object or a list. A number that keeps its digits is an object in memory, but does not count. */
const isStructure = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && numberText(value) === undefined;

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';

/** Fields that describe an answer, so their values are not ids of rows. */
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'object',
  'status',
  'role',
  'type',
  'code',
  'message',
  'endpoint',
  'url',
  'method',
]);

/** Objects of a line that may repeat fields of the request. */
const ECHOES = ['request', 'metadata', 'response'] as const;

/**
 * Finds the custom_id of a line that has it under another name.
 * @param isRow true if a row has this id
 * @returns undefined if no field holds an id of a row, or fields hold ids of several rows
 */
export function idUnderOtherName(line: Wire, isRow: (id: string) => boolean): string | undefined {
  const fields = [line, ...ECHOES.map((name) => line[name])].flatMap((each) =>
    isStructure(each) ? Object.entries(each as object) : [],
  );
  const named = fields.find(([name]) => name.replaceAll(/[_\-\s]/g, '').toLowerCase() === 'customid');
  const own = named && scalarText(named[1]);
  if (own !== undefined) return own;
  const ids = fields.flatMap(([name, value]) => {
    const text = OTHER_FIELDS.has(name) ? undefined : scalarText(value);
    return text !== undefined && isRow(text) ? [text] : [];
  });
  return new Set(ids).size === 1 ? ids[0] : undefined;
}

function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : numberText(value);
}

const ID_AT_FRONT = /"custom_?id"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(\d+))/i;

/** Finds the custom_id of a line that is not JSON, if it is in the line's first characters. */
export function idInText(text: string): string | undefined {
  const [, quoted, digits] = ID_AT_FRONT.exec(text) ?? [];
  if (quoted === undefined) return digits;
  try {
    return JSON.parse(`"${quoted}"`) as string;
  } catch {
    return undefined;
  }
}
