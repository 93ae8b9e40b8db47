import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSchema } from '../../src/output/compile-schema.ts';
import { isPlainSchema } from '../../src/output/plain-schema.ts';

/** Valid and invalid values of keywords. */
const anyValue = fc.oneof(
  fc.constantFrom('string', 'integer', 'null', 'text', '', 0, 3, -1, 1.5, true, null, [], {}),
  fc.array(fc.constantFrom('a', 'b', 'string', 'array', 1, null), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'type', '__proto__'), fc.constantFrom(true, 'string', {}, 1)),
);
const KEYWORDS = [
  'title',
  'description',
  '$comment',
  'default',
  'const',
  'type',
  'enum',
  'required',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'format',
  'pattern',
  'nullable',
  '$ref',
  '$schema',
];
const { schema: anySchema } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...KEYWORDS), anyValue, { maxKeys: 3 }),
      fc.dictionary(
        fc.constantFrom('items', 'additionalProperties', 'not'),
        fc.oneof({ depthSize: 'small' }, fc.boolean(), anyValue, tie('schema')),
        { maxKeys: 2 },
      ),
      fc.option(
        fc.dictionary(
          fc.constantFrom('a', 'b', 'constructor'),
          fc.oneof({ depthSize: 'small' }, anyValue, tie('schema')),
          { maxKeys: 2 },
        ),
        { nil: undefined },
      ),
    )
    .map(([keywords, parts, properties]) => ({
      ...keywords,
      ...parts,
      ...(properties !== undefined && { properties }),
    })),
}));

describe('a schema that is plain', () => {
  test('can be compiled, whatever its keywords and their values are', () => {
    let plain = 0;
    fc.assert(
      fc.property(anySchema, (schema) => {
        if (!isPlainSchema(schema)) return;
        plain += 1;
        expect(() => compileSchema(schema)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  test('includes the schema of a profile that labels rows', () => {
    expect(
      isPlainSchema({
        type: 'object',
        properties: {
          label: { enum: ['good', 'bad'] },
          topics: { type: 'array', items: { type: ['string', 'null'], minLength: 1 }, maxItems: 3 },
        },
        required: ['label'],
        additionalProperties: false,
      }),
    ).toBe(true);
  });

  test.each<[string, object]>([
    ['a type that does not exist', { type: 'text' }],
    ['a list of required fields that names one twice', { required: ['a', 'a'] }],
    ['an empty enum', { enum: [] }],
    ['properties that are no schemas', { properties: { a: 'string' } }],
    ['a negative length', { minLength: -1 }],
    ['a reference', { $ref: '#/$defs/a' }],
    ['a pattern', { pattern: '(' }],
    ['more characters than compile at once', { description: 'x'.repeat(10_001) }],
    ['a keyword that nobody knows', { labels: 1 }],
  ])('has not %s', (_, schema) => {
    expect(isPlainSchema(schema)).toBe(false);
  });
});
