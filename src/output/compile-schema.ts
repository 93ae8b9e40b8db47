import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { bounded, InvalidRequest } from '../errors.ts';
import { toPlain } from '../exact-json.ts';

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
 * Compiles a JSON Schema: of draft 7 where its `$schema` says so, else of 2020-12. Keywords that are not known say nothing.
 * @throws InvalidRequest when it is none, or refers to what it does not hold.
 */
export function compileSchema(schema: AnySchemaObject): Match {
  const validate = compile(schema);
  return (value) => {
    try {
      return validate(value) ? undefined : describe(validate.errors?.[0]);
    } catch (error) {
      return notChecked(error);
    }
  };
}

/** A schema that refers to itself may have no end, and a value may be nested more deeply than the stack is. */
function notChecked(error: unknown): Mismatch {
  const why = error instanceof RangeError ? 'it goes too deep' : bounded(String(error));
  return { path: '', message: `The schema could not be applied to the answer: ${why}.`, cause: 'schema' };
}

const OPTIONS = { strict: false, logger: false } as const;

function compile(schema: AnySchemaObject): ValidateFunction {
  try {
    const isDraft7 = /draft-07/.test(schema.$schema ?? '');
    const ajv = isDraft7 ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
    const validate = formats.default(ajv).compile(toPlain(schema) as AnySchemaObject);
    // Such a one answers with a promise, which is true whatever comes of it.
    if ('$async' in validate) throw new Error('"$async" is not supported.');
    return validate;
  } catch (error) {
    throw new InvalidRequest(`The output's schema cannot be used: ${bounded(String(error))}`);
  }
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
