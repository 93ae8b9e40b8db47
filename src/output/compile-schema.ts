import { Ajv, type AnySchemaObject, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { bounded, InvalidRequest } from '../errors.ts';
import { toPlain } from '../exact-json.ts';
import { compileLinear } from './linear-pattern.ts';
import { isPlainSchema } from './plain-schema.ts';
import { weightOf } from './weight.ts';
import { uniqueItems } from './unique-items.ts';
import { TooSlow, withDeadline } from './with-deadline.ts';

/** Why a value does not match. */
export interface Mismatch {
  /** Where, as a JSON pointer: `/items/0/price`; empty for the value as a whole. */
  readonly path: string;
  readonly message: string;
  /** Set when nothing is known of the value: the schema could not be applied to it. */
  readonly cause?: 'schema';
}

/** Says where a value does not match the schema; `undefined` when it does. */
export type Match = (value: unknown) => Mismatch | undefined;

/**
 * The longest that the check of one answer may take for each 100,000 characters, and that all checks of one schema that took too long
 * may take together, in milliseconds.
 */
const ANSWER_MS = 500;
const ANSWER_WEIGHT = 100_000;
const ALL_ANSWERS_MS = 2_000;

/** The longest that a schema may take to compile, in milliseconds. */
const COMPILE_MS = 2_000;

/**
 * Characters of an answer, and those of the schema times those of the answer, that are checked without a deadline: to set one takes
 * longer than most checks.
 */
const SMALL_ANSWER = 20_000;
const SMALL_WORK = 20_000_000;

/**
 * Compiles a JSON Schema: draft 7 where its `$schema` says so, else 2020-12. Unknown keywords are ignored. No schema and no
 * answer makes a check hang: patterns run in linear time where they can, and what cannot be known to end soon has a deadline.
 * @throws InvalidRequest when it is not a schema, or refers to what it does not hold.
 */
export function compileSchema(schema: AnySchemaObject): Match {
  const { validate, isCostly } = compile(schema);
  const schemaWeight = JSON.stringify(toPlain(schema)).length;
  let left = ALL_ANSWERS_MS;
  return (value) => {
    const weight = weightOf(value);
    const check = (): Mismatch | undefined => (validate(value) ? undefined : describe(validate.errors?.[0]));
    const isSmall = weight <= SMALL_ANSWER && weight * schemaWeight <= SMALL_WORK;
    const milliseconds = Math.ceil(ANSWER_MS * Math.max(1, weight / ANSWER_WEIGHT));
    try {
      if (!isCostly && isSmall) return check();
      return left <= 0 ? TOO_SLOW : withDeadline(milliseconds, check);
    } catch (error) {
      if (!(error instanceof TooSlow)) return notChecked(error);
      left -= milliseconds;
      return TOO_SLOW;
    }
  };
}

/** A schema that refers to itself may have no end, and a value may be nested more deeply than the stack is. */
function notChecked(error: unknown): Mismatch {
  const why = error instanceof RangeError ? 'it goes too deep' : bounded(String(error));
  return { path: '', message: `The schema could not be applied to the answer: ${why}.`, cause: 'schema' };
}

/**
 * Checks that a schema can be used, and that compiling it ends soon.
 * @throws InvalidRequest when it cannot.
 */
export function checkSchema(schema: AnySchemaObject): void {
  if (isPlainSchema(toPlain(schema))) return;
  // Before the deadline, which could break it off half-way.
  schemaOfSchemas(schema);
  try {
    withDeadline(COMPILE_MS, () => compileSchema(schema));
  } catch (error) {
    if (!(error instanceof TooSlow)) throw error;
    throw new InvalidRequest(
      `The output's schema cannot be used: it takes longer than ${COMPILE_MS / 1_000} s to compile. Make it smaller.`,
    );
  }
}

const TOO_SLOW: Mismatch = {
  path: '',
  message: `The answer was not checked: the schema takes too long for answers like this one. Simplify its patterns, or its "anyOf" and "$ref".`,
  cause: 'schema',
};

interface Compiled {
  readonly validate: ValidateFunction;
  /** How long a check takes is not bounded by the sizes of schema and answer. */
  readonly isCostly: boolean;
}

function compile(schema: AnySchemaObject): Compiled {
  let isCostly = hasBranchesAndReferences(schema);
  // Ajv asks for the pattern's source to put it into the code of a validator that stands alone: never here.
  const regExp = Object.assign(
    (pattern: string, flags: string) => {
      const native = new RegExp(pattern, flags);
      const linear = compileLinear(pattern);
      isCostly ||= linear === undefined;
      return linear ?? native;
    },
    { code: 'new RegExp' },
  );
  try {
    void schemaOfSchemas(schema).validateSchema(toPlain(schema) as AnySchemaObject, true);
    const ajv = newAjv(schema, { validateSchema: false, code: { regExp } });
    ajv.removeKeyword('uniqueItems').addKeyword(uniqueItems);
    const validate = formats.default(ajv).compile(toPlain(schema) as AnySchemaObject);
    // Such a one answers with a promise, which is true whatever comes of it.
    if ('$async' in validate) throw new Error('"$async" is not supported.');
    return { validate, isCostly };
  } catch (error) {
    throw new InvalidRequest(`The output's schema cannot be used: ${bounded(String(error))}`);
  }
}

const isDraft7 = ({ $schema = '' }: AnySchemaObject): boolean => /draft-07/.test($schema);

function newAjv(schema: AnySchemaObject, options: Options): Ajv {
  const all: Options = { strict: false, logger: false, ...options };
  return isDraft7(schema) ? new Ajv(all) : new Ajv2020(all);
}

const checkers = new Map<boolean, Ajv>();

/** Checks schemas of one draft. Kept, because to compile the schema of schemas takes longer than most schemas do. */
function schemaOfSchemas(schema: AnySchemaObject): Ajv {
  const known = checkers.get(isDraft7(schema));
  if (known !== undefined) return known;
  const checker = formats.default(newAjv(schema, {}));
  // Not awaited: only an asynchronous schema of schemas answers later.
  void checker.validateSchema({});
  checkers.set(isDraft7(schema), checker);
  return checker;
}

/**
 * Keywords by which more than one schema may apply to the same value, to the value itself or to a part of it; where one refers to
 * another, the applications may multiply at each level. With the others (`properties`, `additionalProperties`, `items`,
 * `prefixItems`) each part has one schema.
 */
const BRANCHING =
  /"(?:allOf|anyOf|oneOf|not|if|dependentSchemas|dependencies|patternProperties|contains|unevaluatedItems|unevaluatedProperties)":/;
const REFERRING = /"\$(?:ref|dynamicRef|recursiveRef)":/;
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'];
const OF_PARTS = ['properties', 'additionalProperties', 'items', 'prefixItems', 'additionalItems'];

function hasBranchesAndReferences(schema: AnySchemaObject): boolean {
  const plain = toPlain(schema);
  const text = JSON.stringify(plain);
  return REFERRING.test(text) && (BRANCHING.test(text) || refersBesideParts(plain));
}

/** Whether a reference stands beside schemas of parts: what it refers to may have schemas of the same parts. */
function refersBesideParts(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const count = (keywords: readonly string[]): number =>
    keywords.filter((keyword) => Object.hasOwn(schema, keyword)).length;
  const references = count(REFERENCES);
  if (references > 1 || (references === 1 && count(OF_PARTS) > 0)) return true;
  return Object.values(schema).some(refersBesideParts);
}

function describe(error: ErrorObject | undefined): Mismatch {
  const { instancePath: path = '', message = 'does not match', params = {} } = error ?? {};
  const { additionalProperty, allowedValues } = params as Readonly<Record<string, unknown>>;
  const named = additionalProperty === undefined ? '' : ` (${JSON.stringify(additionalProperty)})`;
  const allowed = Array.isArray(allowedValues)
    ? `: ${allowedValues.map((each) => JSON.stringify(each)).join(', ')}`
    : '';
  return {
    path: bounded(path),
    message: bounded(`${path === '' ? 'The answer' : path} ${message}${allowed}${named}`),
  };
}
