/** Generates values that match a JSON Schema, as a model would return them. */

type Schema = Readonly<Record<string, unknown>>;

/** At this depth optional parts are omitted, because a schema may be recursive. */
const MAX_DEPTH = 6;

/** A value of the schema, from a list of pseudo-random numbers. Patterns and formats of the schema are ignored. */
export function answerOf(schema: unknown, numbers: Uint8Array): unknown {
  let at = 0;
  const root = asSchema(schema);
  const next = (below: number): number => (numbers[at++ % numbers.length] ?? 0) % Math.max(1, below);

  const make = (given: unknown, depth: number): unknown => {
    const rules = resolve(root, asSchema(given));
    if (rules['const'] !== undefined) return rules['const'];
    const choices = rules['enum'];
    if (Array.isArray(choices)) return choices[next(choices.length)] as unknown;
    const branches = rules['anyOf'] ?? rules['oneOf'];
    if (Array.isArray(branches)) return make(branches[next(branches.length)], depth + 1);
    if (Array.isArray(rules['allOf'])) {
      const all = (rules['allOf'] as unknown[]).map((each) => resolve(root, asSchema(each)));
      return make(Object.assign({}, rules, ...all, { allOf: undefined }), depth + 1);
    }
    return makeType(rules, depth);
  };

  const makeType = (rules: Schema, depth: number): unknown => {
    const types = [rules['type']].flat();
    const type = types[next(types.length)] ?? (rules['properties'] === undefined ? 'string' : 'object');
    switch (type as string) {
      case 'object':
        return makeObject(rules, depth);
      case 'array': {
        const least = number(rules['minItems'], depth > MAX_DEPTH ? 0 : 1);
        const count = Math.min(least + next(3), number(rules['maxItems'], least + 2));
        return Array.from({ length: count }, () => make(rules['items'] ?? {}, depth + 1));
      }
      case 'integer':
        return Math.round(makeNumber(rules));
      case 'number':
        return makeNumber(rules);
      case 'boolean':
        return next(2) === 0;
      case 'null':
        return null;
      default:
        return makeText(rules);
    }
  };

  const makeObject = (rules: Schema, depth: number): unknown => {
    const required: unknown[] = Array.isArray(rules['required']) ? rules['required'] : [];
    const properties = Object.entries(asSchema(rules['properties']));
    const made = properties.filter(([name]) => depth <= MAX_DEPTH || required.includes(name));
    return Object.fromEntries(made.map(([name, property]) => [name, make(property, depth + 1)]));
  };

  const makeNumber = ({ minimum, maximum }: Schema): number => {
    const least = number(minimum, 0);
    return Math.min(least + next(100), number(maximum, least + 100));
  };

  const makeText = ({ minLength, maxLength }: Schema): string => {
    const text = WORDS[next(WORDS.length)] ?? '';
    return text.padEnd(number(minLength, 0), '.').slice(0, number(maxLength, 1_000));
  };

  return make(root, 0);
}

const WORDS = ['herring', 'salt', 'amber', 'wool', 'grain', 'beeswax', 'furs', 'cloth'];

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

/** Resolves references such as `#/$defs/name`. */
function resolve(root: Schema, schema: Schema): Schema {
  const target = schema['$ref'];
  if (typeof target !== 'string' || !target.startsWith('#')) return schema;
  const parts = target.split('/').slice(1);
  const found = parts.reduce<unknown>((schema, part) => asSchema(schema)[part], root);
  return found === schema ? {} : asSchema(found);
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
