import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScrub } from '../../src/provider/secrets/scrub-secrets.ts';

const KEYS = [
  'sk-adv-Zq8vT2mNx0Lp12345678',
  'n9f"tQ2\\rB7u00e4xK',
  '12345678901234567890',
  'first-secret-value',
];

/** The numbers of a JSON text as they are written, in order. */
function numbersOf(text: string): string[] {
  const found: string[] = [];
  JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
    if (typeof value === 'number') found.push(context?.source ?? '');
    return value;
  });
  return found;
}

test('a JSON text stays valid and keeps its numbers, whatever parts of a key it contains', () => {
  const key = fc.constantFrom(...KEYS);
  const piece = key.chain((text) =>
    fc.tuple(fc.nat(text.length), fc.nat(text.length)).map(([from, to]) => text.slice(from, to)),
  );
  const text = fc
    .array(fc.oneof(piece, key, fc.constantFrom('\n', '\\', '"', '...', '****', 'ä', ' ', '\t')), {
      maxLength: 6,
    })
    .map((parts) => parts.join(''));
  const number = fc.constantFrom(
    '1012345678',
    '12345678901234567890',
    '-12345678',
    '0.12345678',
    '12345678e3',
  );
  const json = fc
    .array(fc.tuple(text, number), { maxLength: 5 })
    .map(
      (all) =>
        `[${all.map(([words, digits]) => `{${JSON.stringify(words)}: ${digits}},${digits}`).join(',')}]`,
    );
  fc.assert(
    fc.property(json, (before) => {
      const after = createScrub(KEYS)(before);
      expect(numbersOf(after)).toEqual(numbersOf(before));
      expect(after).not.toContain(KEYS[0]);
    }),
    { numRuns: 300 },
  );
});

test.each(['ollama', 'none', 'EMPTY', 'not-needed', 'lm-studio', 'sk-1234', '123456'])(
  'the placeholder %s is not a secret',
  (placeholder) => {
    const text = JSON.stringify({ model: placeholder, text: `Use ${placeholder}.` });

    expect(createScrub([placeholder])(text)).toBe(text);
  },
);

test('a secret of words is removed only as a whole token', () => {
  expect(createScrub(['first-secret-value'])('first-secret-values, Bearer%20first-secret-value')).toBe(
    'first-secret-values, Bearer%20[secret]',
  );
});
