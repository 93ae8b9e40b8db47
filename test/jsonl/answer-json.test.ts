import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnswer, tryReadAnswer } from '../../src/jsonl/answer-json.ts';

describe('JSON that a provider wrote', () => {
  test.each([
    ['{"a": NaN}', { a: null }],
    ['[Infinity, -Infinity,NaN]', [null, null, null]],
    ['{"NaN": "NaN, -Infinity", "b": [-Infinity]}', { NaN: 'NaN, -Infinity', b: [null] }],
    [String.raw`{"a": "\"NaN", "b": "\\", "c": NaN}`, { a: '"NaN', b: '\\', c: null }],
    ['NaN', null],
  ])('is read with null for numbers that JSON does not have: %s', (text, value) => {
    expect(readAnswer(text)).toEqual(value);
  });

  test.each([
    ['{"a":"two\nlines\r\n\tand a tab"}', { a: 'two\nlines\r\n\tand a tab' }],
    ['{"a\t":NaN,\n"b":"\u001b[0m"}', { 'a\t': null, b: '\u001b[0m' }],
    ['{"a":"NaN\n","b":"\\n"}', { a: 'NaN\n', b: '\n' }],
  ])('is read with control characters in its strings: %j', (text, value) => {
    expect(readAnswer(text)).toEqual(value);
  });

  test('keeps the digits of its numbers', () => {
    const text = '{"id":1234567890123456789,"price":10.10,"rest":[1E5,-0,0.30000000000000004,1]}';

    expect(JSON.stringify(readAnswer(text))).toBe(text);
  });

  test.each([['{"a": nan}'], ['{"a": NaNa}'], ['{"a": "NaN}'], ['{"a": -}'], ['']])('is not %j', (text) => {
    expect(() => readAnswer(text)).toThrow(SyntaxError);
    expect(tryReadAnswer(text)).toBeUndefined();
  });

  test('is read like JSON.parse reads it, if JSON.parse can', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(readAnswer(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('has its constants replaced everywhere except inside a text', () => {
    const holed = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.constant(Number.NaN),
        fc.string({ unit: fc.constantFrom('NaN', '"', '\\', ' ', ':', '-Infinity') }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('NaN', 'Infinity', 'a'), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(holed, fc.constantFrom('NaN', 'Infinity', '-Infinity'), (value, constant) => {
        // JSON.stringify writes null for NaN. A character that no text of this test contains marks it instead.
        const mark = '\u0001';
        const marked = JSON.stringify(value, (_key, each: unknown) => (Number.isNaN(each) ? mark : each));
        const python = marked.replaceAll(JSON.stringify(mark), constant);

        expect(readAnswer(python)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
