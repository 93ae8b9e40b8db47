import fc from 'fast-check';

/** Numbers as JSON allows them: up to 40 digits, any exponent, `-0`, zeros at the end. */
export const numberTexts: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,39}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,40}$/)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
  )
  .map((parts) => parts.join(''));

/** Texts without line separators, because our own lines have these as escapes. */
const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength }).map((text) => text.replaceAll(/[\u0085\u2028\u2029]/g, ''));

/** Keys whose order an object keeps. */
const keys = fc
  .oneof(texts(8), fc.constantFrom('__proto__', 'toString', 'a"b\\'))
  .filter((key) => !/^\d+$/.test(key));

const strings = fc.oneof(texts(20), fc.constantFrom('10.10', '\\"1.0', '"', '\ufdd0', '\ufdd00', ': 1.0,'));

/** JSON texts without spaces and without duplicate keys, so that each value has exactly one text. */
export const jsonTexts: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    numberTexts,
    strings.map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'false', 'null'),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join()}]`),
    objectTexts(tie('value')),
  ),
})).value;

function objectTexts(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.tuple(keys, values), { maxLength: 5, selector: ([key]) => key })
    .map((fields) => `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`);
}
