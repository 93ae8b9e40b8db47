import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeLineSeparators } from '../../../src/jsonl/json-line.ts';
import { numberEnd, quotedNumberEnd, textEnd } from '../../../src/fast-path/shapes/scan.ts';

const written = (value: unknown): string => escapeLineSeparators(JSON.stringify(value));

const text = fc.string({
  unit: fc.constantFrom(
    'a',
    '"',
    '\\',
    '/',
    '\n',
    '\u0001',
    'é',
    '\u2028',
    '\u2027',
    '\u0085',
    '\u0086',
    '🌍',
    '\ud800',
    ' ',
  ),
});

/** Lengths of what is before a text's odd characters: short, around the end of a vector, and around the end of a piece. */
const filler = fc
  .tuple(fc.constantFrom(0, 0, 40, 60, 2_040, 2_085, 4_130), fc.nat(24))
  .map(([length, more]) => 'a'.repeat(length + more));
const longText = fc.tuple(filler, text, filler, text).map((parts) => parts.join(''));

test('a copied text is written in the same bytes', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        longText.map(written),
        longText.map((value) => `"${value}"`),
      ),
      (json) => {
        const bytes = Buffer.from(`${json},1]`);
        const end = textEnd(bytes, 1);
        if (end === -1) return;
        const taken = bytes.toString('utf8', 0, end + 1);
        expect(written(JSON.parse(taken))).toBe(taken);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a text without control characters, line separators and lone surrogates is copied', () => {
  fc.assert(
    fc.property(
      filler,
      fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '\u2027', '\u0084', '\u00a0', '🌍') }),
      filler,
      (before, value, behind) => {
        const bytes = Buffer.from(JSON.stringify(before + value + behind));
        expect(textEnd(bytes, 1)).toBe(bytes.length - 1);
      },
    ),
  );
});

test.each([
  '"',
  '\\n',
  '\\"',
  '\\u0041',
  '\\/',
  '\u2028',
  '\u2029',
  '\u2027',
  '\u0085',
  '\u0084',
  '\u0001',
  'é',
])('in a long text, %j is read the same at any position', (odd) => {
  for (const around of [16, 48, 64, 2_048, 2_096, 4_144])
    for (let length = Math.max(0, around - 20); length < around + 20; length += 1) {
      const json = `"${'a'.repeat(length)}${odd}${'b'.repeat(100)}"`;
      const end = textEnd(Buffer.from(`${json},1]`), 1);
      const isSame = odd !== '"' && isWritten(json);
      expect({ length, end }).toEqual({
        length,
        end: odd === '"' ? 1 + length : isSame ? Buffer.byteLength(json) - 1 : -1,
      });
    }
});

/** True for a JSON text as the workflow writes it. */
function isWritten(json: string): boolean {
  try {
    return written(JSON.parse(json)) === json;
  } catch {
    return false;
  }
}

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.string({ unit: fc.constantFrom('0', '1', '9', '.', 'e', '-', '+', '00000'), minLength: 1 }),
  fc.nat().map(String),
);

test('a copied number is written in the same bytes', () => {
  fc.assert(
    fc.property(numbers, (json) => {
      const end = numberEnd(Buffer.from(`${json},`), 0);
      if (end === -1) return;
      const taken = json.slice(0, end);
      expect(JSON.stringify(JSON.parse(taken))).toBe(taken);
      expect(end).toBe(json.length);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['0', '7', '120', '0.5', '12.25', '0.00001', '999999999999999'])('%s is taken', (json) => {
  expect(numberEnd(Buffer.from(`${json}}`), 0)).toBe(json.length);
});

test.each(['01', '1.0', '.5', '1.', '1e5', '1E5', '0.0000001', '9999999999999999', '-1', '', '1.2.3', '1-2'])(
  '"%s" is left',
  (json) => {
    expect(numberEnd(Buffer.from(`${json}}`), 0)).toBe(-1);
  },
);

test.each([
  ['"0.000120"', 9],
  ['"12"', 3],
  ['"1.2.3"', -1],
  ['"x"', -1],
  ['""', -1],
])('the quoted number %s ends at %i', (json, end) => {
  expect(quotedNumberEnd(Buffer.from(json), 1)).toBe(end);
});
