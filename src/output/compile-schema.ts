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

/** The place where a value does not match, and the reason. */
export interface Mismatch {
  /** JSON pointer such as `/items/0/price`; empty for the value as a whole. */
  readonly path: string;
  readonly message: string;
  /** Set if the schema could not be applied, so that nothing is known about the value. */
  readonly cause?: 'schema';
}

/** Returns the first mismatch with the schema; `undefined` if the value matches. */
export type Match = (value: unknown) => Mismatch | undefined;

/**
 * Time limit in milliseconds: for the check of one answer per 100,000 characters, and for the sum of all checks of one schema
 * that were too slow.
 */
const ANSWER_MS = 500;
const ANSWER_WEIGHT = 100_000;
const ALL_ANSWERS_MS = 2_000;

/** Time limit for compiling a schema, in milliseconds. */
const COMPILE_MS = 2_000;

/**
 * Most characters of an answer that is checked without a deadline, and most characters of the answer multiplied by those of the
 * schema. Setting a deadline takes longer than most checks.
 */
const SMALL_ANSWER = 20_000;
const SMALL_WORK = 20_000_000;

/**
 * Compiles a JSON Schema: draft 7 if its `$schema` says so, otherwise 2020-12. Unknown keywords are ignored. No check can hang:
 * patterns run in linear time where possible, and all other slow checks have a deadline.
 * @throws InvalidRequest when it is not a schema, or has a reference to something outside it
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

/**
 * The mismatch of a value that could not be checked. A recursive schema may not end, and a value may be nested more deeply than
 * the stack allows.
 */
function notChecked(error: unknown): Mismatch {
  const why = error instanceof RangeError ? 'it is nested too deeply' : bounded(String(error));
  return { path: '', message: `The schema could not be applied to the answer: ${why}.`, cause: 'schema' };
}

/**
 * Checks that a schema is valid and compiles within the time limit.
 * @throws InvalidRequest when it cannot.
 */
export function checkSchema(schema: AnySchemaObject): void {
  if (isPlainSchema(toPlain(schema))) return;
  // The meta-schema is compiled before the deadline starts, because an interruption could leave its checker incomplete.
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
  /** True if the time of a check is not limited by the sizes of schema and answer. */
  readonly isCostly: boolean;
}

function compile(schema: AnySchemaObject): Compiled {
  let isCostly = hasBranchesAndReferences(schema);
  // Ajv needs the pattern's source only for standalone validators, which are not used here.
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
    // An asynchronous validator returns a promise, which would count as true.
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

/** The checker for schemas of one draft. Kept, because compiling the meta-schema takes longer than compiling most schemas. */
function schemaOfSchemas(schema: AnySchemaObject): Ajv {
  const known = checkers.get(isDraft7(schema));
  if (known !== undefined) return known;
  const checker = formats.default(newAjv(schema, {}));
  // Not awaited: only an asynchronous meta-schema would return a promise.
  void checker.validateSchema({});
  checkers.set(isDraft7(schema), checker);
  return checker;
}

/**
 * Keywords that can apply several schemas to the same value or to its parts. With references between them, the number of checks
 * can multiply at each level. With all other keywords (`properties`, `additionalProperties`, `items`, `prefixItems`) each part
 * has one schema.
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

/** True if a reference stands beside schemas of parts: the referenced schema may apply to the same parts. */
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
