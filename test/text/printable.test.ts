import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableJson, printableLines } from '../../src/text/printable.ts';

const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const text = fc.string({ unit: 'binary' });

test('text from outside becomes one line without control sequences', () => {
  fc.assert(
    fc.property(text, (from) => {
      expect(OBEYED.test(printable(from))).toBe(false);
    }),
  );
  expect(printable('a\u001b[2J\n\tb\u009b\u{e0041}\ud800')).toBe('a\\u001b[2J b\\u009b\\u{e0041}\\ud800');
  expect(printable('Müller 日本語 👍')).toBe('Müller 日本語 👍');
});

test('text with several lines keeps them', () => {
  expect(printableLines('a\n\tb\r\u202e')).toBe('a\n\tb\\u000d\\u202e');
});

test('JSON keeps its value', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      const shown = printableJson(json);
      expect(JSON.parse(shown)).toEqual(JSON.parse(json));
      expect(OBEYED.test(shown.replaceAll(/[\n\t]/g, ''))).toBe(false);
    }),
  );
});
