import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExactNumber, numberText, parseExact, toPlain } from '../src/exact-json.ts';
import { jsonTexts, numberTexts } from './support/json-text.ts';

const CHANGED = [
  '1234567890123456789',
  '10.10',
  '1E5',
  '1e5',
  '1e21',
  '-0',
  '-0.0',
  '1.0',
  '0.0000001',
  '1e400',
  '-1e400',
  '1e-400',
  '12345678901234567890123456789012345678.90',
];
const UNCHANGED = ['0', '-1', '10.1', '0.5', '1e+21', '1e-7', '9007199254740991', '0.1234567890123456'];

describe('numbers keep their text', () => {
  it.each(CHANGED)('%s is written exactly as it was read', (text) => {
    const value = parseExact(text);
    expect(isExactNumber(value)).toBe(true);
    expect(numberText(value)).toBe(text);
    expect(JSON.stringify({ a: [value] })).toBe(`{"a":[${text}]}`);
  });

  it.each(UNCHANGED)('%s is a plain number', (text) => {
    expect(parseExact(text)).toBe(Number(text));
    expect(numberText(parseExact(text))).toBe(text);
  });

  it('any JSON is written exactly as it was read', () => {
    fc.assert(
      fc.property(jsonTexts, (text) => {
        expect(JSON.stringify(parseExact(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('all values are the same as those of JSON.parse', () => {
    fc.assert(
      fc.property(jsonTexts, (text) => {
        expect(toPlain(parseExact(text))).toEqual(parseFinite(text));
      }),
      { numRuns: 500 },
    );
  });

  it('spaces and repeated keys have no effect', () => {
    const text = ' { "a" : 1.0 , "a" : [ 2.0 ,\n\t-0 ] } ';
    expect(JSON.stringify(parseExact(text))).toBe('{"a":[2.0,-0]}');
  });

  it('numbers inside strings are not changed', () => {
    const text = '{"a":"1.0, \\"2.0\\\\","b\\\\":3.0,"c\\"":"[4.0]"}';
    expect(JSON.stringify(parseExact(text))).toBe(text);
  });

  it('a text may contain the internal mark, raw and escaped', () => {
    expect(JSON.stringify(parseExact('["\ufdd00",1.0]'))).toBe('["\ufdd00",1.0]');
    expect(JSON.stringify(parseExact('["\\uFDD00",1.0]'))).toBe('["\ufdd00",1.0]');
  });
});

describe('text that is not JSON', () => {
  it.each([
    '',
    '{1.0:2}',
    '{1.0 :2}',
    '[01.0]',
    '[1.]',
    '[1.0e]',
    '[-]',
    '[+1.0]',
    '[1.0.0]',
    '1.0 1.0',
    '["a"1.0]',
    '[1.0"a"]',
    '"1.0',
    '[tru1.0]',
    '[NaN, 1.0]',
    '[1.0,]',
  ])('%s is refused as JSON.parse refuses it', (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  });

  it('is refused whenever JSON.parse refuses it, with the same message', () => {
    const broken = fc
      .tuple(jsonTexts, fc.nat(), fc.constantFrom('', '1', '.', '"', ':', ',', '-', 'e', '0', ' ', '}'))
      .map(([text, at, with_]) => {
        const cut = at % (text.length + 1);
        return `${text.slice(0, cut)}${with_}${text.slice(cut + 1)}`;
      });
    fc.assert(
      fc.property(broken, (text) => {
        expect(outcome(() => toPlain(parseExact(text)))).toEqual(outcome(() => parseFinite(text)));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** `JSON.parse` that replaces each larger number by the largest double. */
function parseFinite(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'number' ? Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE)) : value,
  );
}

function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    return String(error);
  }
}

describe('objects', () => {
  it('have an own field __proto__ where JSON.parse makes one', () => {
    const value = parseExact('{"__proto__":{"a":1.0}}') as object;
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    const plain = toPlain(value) as object;
    expect(Object.hasOwn(plain, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it('are read and copied at any depth', () => {
    const depth = 200_000;
    const value = parseExact(`${'['.repeat(depth)}1.0${']'.repeat(depth)}`);
    let inner = toPlain(value);
    for (let n = 0; n < depth; n += 1) inner = (inner as unknown[])[0];
    expect(inner).toBe(1);
  });
});

describe('numberText', () => {
  it('is the text of any number, and of nothing else', () => {
    fc.assert(
      fc.property(numberTexts, (text) => {
        expect(numberText(parseExact(text))).toBe(text);
      }),
    );
    for (const value of ['1.0', null, undefined, true, {}, { rawJSON: '1' }, []])
      expect(numberText(value)).toBeUndefined();
  });
});
