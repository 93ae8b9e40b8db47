import { weightOf } from './weight.ts';

/**
 * Recognizes schemas that are right at sight: small ones, of common keywords whose values have the form they must have. To compile
 * a schema takes a fifth of a second, most of it for the schema of schemas, and every command checks those of its configuration.
 */

/** Characters of a schema that compiles in far less time than it may take, however it is nested. */
const SMALL = 10_000;

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isAny: Check = () => true;
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isSize: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isType: Check = (value) => typeof value === 'string' && TYPES.includes(value);
const isPart: Check = (value) => typeof value === 'boolean' || isPlainPart(value);

/** A list of different values. */
const listOf =
  (check: Check, fewest = 0): Check =>
  (value) =>
    Array.isArray(value) &&
    value.length >= fewest &&
    new Set(value).size === value.length &&
    value.every(check);

const KEYWORDS: ReadonlyMap<string, Check> = new Map([
  ['title', isText],
  ['description', isText],
  ['$comment', isText],
  ['default', isAny],
  ['const', isAny],
  ['type', (value) => isType(value) || listOf(isType, 1)(value)],
  ['enum', listOf((value) => typeof value !== 'object' || value === null, 1)],
  ['properties', (value) => isRecord(value) && Object.values(value).every(isPart)],
  ['required', listOf(isText)],
  ['additionalProperties', isPart],
  ['items', isPart],
  ['minItems', isSize],
  ['maxItems', isSize],
  ['minLength', isSize],
  ['maxLength', isSize],
  ['minimum', isNumber],
  ['maximum', isNumber],
]);

/** Whether a schema is surely one that can be compiled; where this is false, only compiling it tells. */
export function isPlainSchema(schema: unknown): boolean {
  return weightOf(schema) <= SMALL && isPlainPart(schema);
}

function isPlainPart(schema: unknown): boolean {
  return (
    isRecord(schema) &&
    Object.entries(schema).every(([keyword, value]) => KEYWORDS.get(keyword)?.(value) === true)
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
