import type { FuncKeywordDefinition, SchemaValidateFunction } from 'ajv';

const validate: SchemaValidateFunction = (isOn: boolean, items: readonly unknown[]) => {
  if (!isOn) return true;
  const seen = new Map<string, number>();
  for (const [at, item] of items.entries()) {
    const text = canonical(item);
    const before = seen.get(text);
    if (before !== undefined) {
      const message = `must NOT have duplicate items (items ## ${before} and ${at} are identical)`;
      validate.errors = [{ keyword: 'uniqueItems', message, params: { i: at, j: before } }];
      return false;
    }
    seen.set(text, at);
  }
  return true;
};

/** `uniqueItems` in linear time; Ajv's own implementation compares every object with every other. */
export const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  errors: true,
  validate,
};

/** The same text for all values that JSON Schema considers equal: fields are sorted. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value === 0 ? 0 : value);
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`;
}
