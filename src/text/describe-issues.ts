import type * as z from 'zod';
import { didYouMean } from './did-you-mean.ts';

/**
 * One line per problem: its path and a description.
 * @param schema the schema of the value, used to suggest the name that was meant
 */
export function describeIssues(error: z.ZodError, schema?: z.core.$ZodType): string {
  return error.issues
    .map((issue) => `  ${issue.path.join('.') || '(root)'}: ${messageOf(issue, schema)}`)
    .join('\n');
}

function messageOf(issue: z.core.$ZodIssue, schema: z.core.$ZodType | undefined): string {
  if (issue.code === 'unrecognized_keys') return describeUnknown(issue, schema);
  // The reason why a key is invalid.
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return inner ?? issue.message;
}

function describeUnknown(
  { message, keys, path }: z.core.$ZodIssueUnrecognizedKeys,
  schema: z.core.$ZodType | undefined,
): string {
  const meant = keys.map((key) => fieldMeant(key, path, schema)).join('');
  return meant === '' ? message : `${message}.${meant}`;
}

/** ` Did you mean "model"?` for an unknown field at the given path, or an empty text. */
export function fieldMeant(
  key: string,
  path: readonly PropertyKey[],
  schema: z.core.$ZodType | undefined,
): string {
  return schema === undefined ? '' : didYouMean(key, keysAt(schema, path));
}

/** The parts of a schema that contain other schemas. */
interface Def {
  readonly innerType?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
}

/** The names of the fields that an object may have at a path. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  // oxlint-disable-next-line no-underscore-dangle -- zod's own name; each kind of schema has other parts
  const def = schema._zod.def as Def;
  const wrapped = def.innerType ?? def.in;
  if (wrapped !== undefined) return keysAt(wrapped, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(def.shape ?? {});
  const next = def.shape?.[String(key)] ?? def.valueType ?? def.element;
  return next === undefined ? [] : keysAt(next, rest);
}
