import { Ajv, type AnySchemaObject, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { bounded, InvalidRequest } from '../errors.ts';
import { measure } from './measure.ts';
import { compileLinear } from './linear-pattern.ts';
import { uniqueItems } from './unique-items.ts';
import { TooSlow, withDeadline } from './with-deadline.ts';

/** Why a value does not match. */
export interface Mismatch {
  /** Where, as a JSON pointer: `/items/0/price`; empty for the value as a whole. */
  readonly path: string;
  readonly message: string;
  /** The check itself was given up, so the answer may be as it should: asking for another one does not help. */
  readonly unchecked?: true;
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

/** An answer nested deeper than this is not checked: validators recurse. */
const MAX_DEPTH = 1_000;

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
  const schemaWeight = JSON.stringify(schema).length;
  let left = ALL_ANSWERS_MS;
  return (value) => {
    const { weight, depth } = measure(value, MAX_DEPTH);
    if (depth > MAX_DEPTH) return TOO_DEEP;
    const check = (): Mismatch | undefined => (validate(value) ? undefined : describe(validate.errors?.[0]));
    const isSmall = weight <= SMALL_ANSWER && weight * schemaWeight <= SMALL_WORK;
    if (!isCostly && isSmall) return check();
    if (left <= 0) return TOO_SLOW;
    const milliseconds = Math.ceil(ANSWER_MS * Math.max(1, weight / ANSWER_WEIGHT));
    try {
      return withDeadline(milliseconds, check);
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
      left -= milliseconds;
      return TOO_SLOW;
    }
  };
}

/**
 * Checks that a schema can be used, and that compiling it ends soon.
 * @throws InvalidRequest when it cannot.
 */
export function checkSchema(schema: AnySchemaObject): void {
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
  unchecked: true,
};
const TOO_DEEP: Mismatch = { path: '', message: `The answer is nested deeper than ${MAX_DEPTH} levels.` };

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
    const isDraft7 = /draft-07/.test(schema.$schema ?? '');
    const options: Options = { strict: false, logger: false, code: { regExp } };
    const ajv = isDraft7 ? new Ajv(options) : new Ajv2020(options);
    ajv.removeKeyword('uniqueItems').addKeyword(uniqueItems);
    const validate = formats.default(ajv).compile(schema);
    // Such a one answers with a promise, which is true whatever comes of it.
    if ('$async' in validate) throw new Error('"$async" is not supported.');
    return { validate, isCostly };
  } catch (error) {
    throw new InvalidRequest(`The output's schema cannot be used: ${bounded(String(error))}`);
  }
}

/** Keywords that apply schemas to the same value; where one refers to another, the applications may multiply at each level. */
const BRANCHING = /"(?:allOf|anyOf|oneOf|not|if|dependentSchemas|dependencies|unevaluatedItems|unevaluatedProperties)":/;
const REFERRING = /"\$(?:ref|dynamicRef|recursiveRef)":/;

function hasBranchesAndReferences(schema: AnySchemaObject): boolean {
  const text = JSON.stringify(schema);
  return BRANCHING.test(text) && REFERRING.test(text);
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
