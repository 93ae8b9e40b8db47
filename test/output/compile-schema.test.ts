import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSchema, compileSchema } from '../../src/output/compile-schema.ts';
import { compileLinear } from '../../src/output/linear-pattern.ts';
import { TooSlow, withDeadline } from '../../src/output/with-deadline.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

const DRAFT7 = 'http://json-schema.org/draft-07/schema#';

/** Milliseconds that a check may take on a machine that runs other tests at the same time. */
const SOON = 60_000;

function timed<Result>(work: () => Result): Result {
  const before = performance.now();
  const result = work();
  expect(performance.now() - before).toBeLessThan(SOON);
  return result;
}

/** Each level doubles the number of ways to fail. */
const doubling = { $ref: '#/$defs/n' };
const node = { type: 'object', properties: { x: doubling }, required: ['y'] };
const nested = (levels: number): unknown => (levels === 0 ? {} : { x: nested(levels - 1), y: 1 });

const laughs = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => {
    const next = n === 39 ? { type: 'string' } : { $ref: `#/$defs/l${n + 1}` };
    return [`l${n}`, { allOf: [next, next] }];
  }),
);

const N = { $ref: '#/$defs/n' };
const recursive = (n: object): object => ({ $defs: { n }, ...N });
const chain = (levels: number): unknown => JSON.parse(`${'{"x":'.repeat(levels)}1${'}'.repeat(levels)}`);
const lists = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`);

describe('an answer that is designed to hang the check of its schema', () => {
  const letters = `${'a'.repeat(60)}!`;
  const objects = Array.from({ length: 100_000 }, (_, n) => ({ n, text: 'the same in each' }));

  test.each<[string, object, unknown]>([
    ['a nested quantifier', { pattern: '^(a+)+$' }, letters],
    ['alternatives that overlap', { pattern: '^(a|a)*$' }, letters],
    ['many quantifiers', { pattern: '^a*a*a*a*a*a*a*a*b' }, 'a'.repeat(50_000)],
    ['a name’s pattern', { patternProperties: { '^(a+)+$': { type: 'string' } } }, { [letters]: 1 }],
    [
      'a property’s pattern',
      { properties: { a: { pattern: '^(\\w+\\s?)*$' } } },
      { a: `${'word '.repeat(20)}!` },
    ],
    ['a long text', { pattern: '(x+x+)+y' }, 'x'.repeat(100_000)],
  ])('by %s has a result immediately', (_, schema, value) => {
    for (const draft of [{}, { $schema: DRAFT7 }]) {
      const match = compileSchema({ ...draft, ...schema });
      const told = timed(() => match(value));
      expect(told?.cause).toBeUndefined();
    }
  });

  tableOf<[string, object, unknown]>(
    [
      ['a lookahead', { pattern: '^(?=(a+)+$)a' }, letters],
      ['a reference to a group', { pattern: '^(a+)+\\1$' }, letters],
      [
        'references that double at each level',
        { $defs: { n: { anyOf: [node, node] } }, ...doubling },
        nested(60),
      ],
      ['references to references', { $defs: laughs, $ref: '#/$defs/l0' }, 1],
      [
        'names of which several patterns are true',
        recursive({ patternProperties: { x: N, '^x': N, x$: N } }),
        chain(40),
      ],
      [
        'a property whose name is also a pattern’s',
        recursive({ properties: { x: N }, patternProperties: { x: N } }),
        chain(40),
      ],
      ['items that it also has to contain', recursive({ items: N, contains: N }), [chain(0), lists(40)]],
      [
        'a reference beside the same property',
        { $defs: { n: { $ref: '#/$defs/m', properties: { x: N } }, m: { properties: { x: N } } }, ...N },
        chain(40),
      ],
    ],
    2,
  ).test('by %s is not checked, which is reported', (_, schema, value) => {
    const match = compileSchema(schema);

    const told = timed(() => match(value));

    expect(told?.message ?? 'matches').toMatch(/matches|must|not checked/);
  });

  test('by one and the same schema again and again is given up', () => {
    const match = compileSchema({ pattern: '^(?=(a+)+$)a' });

    const told = timed(() => Array.from({ length: 2_000 }, () => match(letters)));

    for (const each of told) expect(each).toMatchObject({ cause: 'schema' });
  });

  test('by many objects that must be unique is compared quickly', () => {
    const match = compileSchema({ uniqueItems: true });

    expect(timed(() => match(objects))).toBeUndefined();
    expect(timed(() => match([...objects, { text: 'the same in each', n: 7 }]))?.message).toBe(
      'The answer must NOT have duplicate items (items ## 7 and 100000 are identical)',
    );
  });

  test('by its depth is reported as too deep', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const referring = compileSchema({ $defs: { n: { items: { $ref: '#/$defs/n' } } }, $ref: '#/$defs/n' });

    for (const match of [referring, compileSchema({ uniqueItems: true })])
      expect(timed(() => match(deep))).toMatchObject({
        cause: 'schema',
        message: expect.stringContaining('too deep'),
      });
  });

  test.each([
    'email',
    'uri',
    'uri-reference',
    'uri-template',
    'hostname',
    'ipv4',
    'ipv6',
    'date-time',
    'duration',
    'byte',
    'json-pointer',
    'regex',
    'uuid',
    'iso-date-time',
    'relative-json-pointer',
  ])('by a long text of the format %s has a result quickly', (format) => {
    const match = compileSchema({ format });

    for (const text of ['a', 'a.', 'a@', '@', ':', '1:', '/', '%', '{', 'P1', '-'])
      timed(() => match(text.repeat(200_000)));
  });
});

test('a schema with an endless compilation is refused', EXHAUSTIVE, () => {
  const deep = (levels: number): object =>
    levels === 0 ? { type: 'string' } : { anyOf: [deep(levels - 1), deep(levels - 1)] };

  const told = timed(() => {
    try {
      checkSchema(deep(17));
      return 'taken';
    } catch (error) {
      return String(error);
    }
  });

  expect(told).toMatch(/cannot be used: it takes longer/);
});

describe('a pattern', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['^\\d{4}-\\d{2}$', ['2026-11'], ['2026-1', 'x2026-11', '２０２６-11']],
    ['^\\s+$', [' \t\n\u00a0\u2028\ufeff'], ['', 'a']],
    ['^[\\s,]+$', [', \u3000,'], ['a']],
    ['^\\S+$', ['ab'], ['a b', 'a\u00a0b']],
    ['^.$', ['a', '🌙'], ['\n', '\r', '\u2028', 'ab']],
    ['^[^]$', ['\n', 'a'], ['']],
    ['\\u00e9', ['é'], ['e']],
    ['^\\u{1F319}$', ['🌙'], ['🌞']],
    ['^\\p{Lu}\\p{Ll}+$', ['Ärger'], ['ärger']],
    ['^\\p{Script=Greek}+$', ['αβγ'], ['abc']],
    ['^(?!no)', ['yes'], ['no', 'nobody']],
    ['^(?<q>["\']).*\\k<q>$', ['"a"', "'a'"], ['"a\'']],
    ['^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$', ['a.b+c@d-e.org'], ['a@b', '@b.c']],
    ['^(?:a|b)$', ['a', 'b'], ['ab', 'c']],
    ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['^x{0,5000}$', ['', 'x'.repeat(5_000)], ['x'.repeat(5_001), 'y']],
    ['[]', [], ['a', '']],
    ['^[[]$', ['['], [']', 'a']],
    ['^\\/a\\.b$', ['/a.b'], ['/aXb']],
    ['\\bfoo\\b', ['a foo b'], ['food']],
    ['^\\cJ$', ['\n'], ['J']],
    ['', ['', 'a'], []],
  ])('%s has the same meaning as in JavaScript', (pattern, yes, no) => {
    const match = compileSchema({ type: 'string', pattern });

    for (const text of yes) expect([text, match(text)]).toEqual([text, undefined]);
    for (const text of no) expect([text, match(text)]).toMatchObject([text, { path: '' }]);
  });

  test('is kept apart from others in the same schema', () => {
    const match = compileSchema({ properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } });

    expect(match({ a: 'a', b: 'b' })).toBeUndefined();
    expect(match({ a: 'b', b: 'b' })).toMatchObject({ path: '/a' });
    expect(match({ a: 'a', b: 'a' })).toMatchObject({ path: '/b' });
  });

  test('that runs in linear time has the same meaning as in JavaScript', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '.',
      '\\s',
      '\\S',
      '\\d',
      '\\w',
      '[a-c]',
      '[^a]',
      '[\\s-]',
      '(?:a|b)',
      '\\u0062',
      'é',
    );
    const pattern = fc
      .array(fc.tuple(part, fc.constantFrom('', '*', '+', '?', '{1,2}', '*?')), { maxLength: 5 })
      .map((parts) => `^${parts.map((each) => each.join('')).join('')}$`);
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '\n', '\u2028', '\u00a0', 'é', '1', '-', '🌙'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(pattern, text, (source, value) => {
        const linear = compileLinear(source);
        if (linear !== undefined) expect(linear.test(value)).toBe(new RegExp(source, 'u').test(value));
      }),
      { numRuns: 500 },
    );
  });

  test('that is invalid is refused with its schema', () => {
    for (const pattern of ['(', '[', '*', '\\p{Nothing}', '(?i)a', '\\Q', 'a**'])
      expect(() => compileSchema({ pattern })).toThrow("The output's schema cannot be used");
  });
});

describe('items that must be unique', () => {
  test.each<[unknown[], boolean]>([
    [[1, '1', true, null, [1], { a: 1 }], true],
    [
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      false,
    ],
    [[1, 1.0], false],
    [[0, -0], false],
    [[{ a: 1 }, { a: '1' }], true],
    [
      [
        [1, 2],
        [2, 1],
      ],
      true,
    ],
    [['a', 'b', 'a'], false],
    [[], true],
  ])('%j: %s', (items, unique) => {
    expect(compileSchema({ uniqueItems: true })(items) === undefined).toBe(unique);
    expect(compileSchema({ uniqueItems: false })(items)).toBeUndefined();
  });
});

describe('work with a deadline', () => {
  test('returns its result or throws its own errors', () => {
    expect(withDeadline(1_000, () => 7)).toBe(7);
    expect(() =>
      withDeadline(1_000, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(new RangeError('mine'));
  });

  test('is stopped if it does not end', () => {
    const endless = (): void => {
      for (;;);
    };
    expect(() => withDeadline(50, endless)).toThrow(TooSlow);
  });
});
