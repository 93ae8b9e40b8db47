import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endsObject, ObjectFramer, type Framed } from '../../src/jsonl/object-framer.ts';

/** Pushes each text as a line of a file, followed by a newline. */
function pushAll(framer: ObjectFramer, lines: readonly string[]): Framed[] {
  let start = 0;
  return lines.map((line, n) => {
    const bytes = Buffer.from(line);
    const framed = framer.push({ number: n + 1, start, bytes });
    framer.endLine();
    start += bytes.length + 1;
    return framed;
  });
}

const texts = (framed: readonly Framed[]): (string | undefined)[] =>
  framed.flatMap(({ objects }) => objects.map(({ bytes }) => bytes?.toString()));

describe('objects are found', () => {
  test.each([
    ['one after the other', ['{"a":1}{"b":2}'], ['{"a":1}', '{"b":2}']],
    ['in a list on one line', ['[{"a":1}, {"b":{}}]'], ['{"a":1}', '{"b":{}}']],
    ['between carriage returns', ['{"a":1}\r{"b":2}\r'], ['{"a":1}', '{"b":2}']],
    ['on many lines', ['{', '  "a": {', '    "b": 1', '  }', '}'], ['{\n  "a": {\n    "b": 1\n  }\n}']],
    [
      'on many lines without spaces',
      ['{', '"a": [', '{', '"b": 1', '}', ']', '}'],
      ['{\n"a": [\n{\n"b": 1\n}\n]\n}'],
    ],
    [
      'with braces, quotes and backslashes in strings',
      [String.raw`{"a":"}\"}\\"}{"b":"{"}`],
      [String.raw`{"a":"}\"}\\"}`, '{"b":"{"}'],
    ],
    ['with a line end in a string', ['{"a":"1', '{', '2"}'], ['{"a":"1\n{\n2"}']],
    ['behind one that has no end', ['{"a":"1', '{"b":2}'], ['{"b":2}']],
    [
      'behind one on many lines that has no end',
      ['{', ' "a": {', '  "b": 1', '{', ' "c": 2', '}'],
      ['{\n "c": 2\n}'],
    ],
  ])('%s', (_how, lines, expected) => {
    expect(texts(pushAll(new ObjectFramer(1_000), lines))).toEqual(expected);
  });

  test('with their positions, and without their bytes if they are too long', () => {
    const [first, second] = pushAll(new ObjectFramer(8), ['[{"a":1},{"long":22222},', ' {"b":2}']);

    expect(first?.objects).toMatchObject([
      { number: 1, start: 1, length: 7, isUtf8: true },
      { number: 1, start: 9, length: 14, bytes: undefined },
    ]);
    expect(second?.objects).toMatchObject([{ number: 2, start: 26, length: 7 }]);
  });

  test('and one without an end is returned', () => {
    const framed = pushAll(new ObjectFramer(1_000), ['[{"a":1}, {"b":1,', ' "c":2,', '{"d":3}']);

    expect(framed.map(({ lost }) => lost)).toEqual([
      undefined,
      undefined,
      { number: 1, start: 10, length: 15 },
    ]);
    expect(texts(framed)).toEqual(['{"a":1}', '{"d":3}']);
    expect(framed.map(({ hasOther }) => hasOther)).toEqual([false, false, false]);
  });

  test('wherever a line is cut into parts', () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), { maxLength: 4 });
    const between = fc.constantFrom('', ',', ' ', '\r', '\0', ',\t');
    fc.assert(
      fc.property(objects, between, fc.array(fc.nat({ max: 300 })), (all, mark, cuts) => {
        const written = all.map((each) => JSON.stringify(each));
        const bytes = Buffer.from(`[${written.join(mark)}]`);
        const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
        const framer = new ObjectFramer(10_000);

        const framed = [0, ...at].map((from, n) =>
          framer.push({ number: 1, start: from, bytes: bytes.subarray(from, at[n] ?? bytes.length) }),
        );

        expect(texts(framed)).toEqual(written);
        for (const { start, length, bytes: own } of framed.flatMap((each) => each.objects))
          expect(bytes.subarray(start, start + length)).toEqual(own);
        expect(framed.some(({ hasOther }) => hasOther)).toBe(false);
        expect(framer.isOpen).toBe(false);
      }),
    );
  });
});

test.each([
  ['{"a":1}', true],
  ['{"a":1}{"b":2}]', true],
  ['  }', true],
  ['}]\0', true],
  ['{"a":1', false],
  ['{"a":1}{"b"', false],
  ['"b":1}', false],
  ['text', false],
])('%j ends behind an object: %j', (text, expected) => {
  expect(endsObject(text)).toBe(expected);
});
