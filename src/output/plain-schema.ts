import { weightOf } from './weight.ts';

/**
 * Recognizes valid schemas without compiling them: small schemas of common keywords with well-formed values. Compiling takes a
 * fifth of a second, mostly for the meta-schema, and every command checks the schemas of its configuration.
 */

/**
 * Largest schema that is recognised, in characters. Schemas up to this size compile far within the time limit, however they are
 * nested.
 */
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

/** True if a schema can certainly be compiled; if false, only compiling it can show that. */
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
