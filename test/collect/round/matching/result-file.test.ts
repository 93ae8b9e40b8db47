import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../../src/collect/lines/line-reader.ts';
import { ResultFile } from '../../../../src/collect/round/matching/result-file.ts';

interface Taken {
  /** Ids of the rows, in the order of the file. */
  readonly rows: string[];
  /** Texts of all lines without a row. */
  readonly strays: string[];
}

/** Reads a file. Each `custom_id` belongs to a row, except those that begin with a question mark. */
function takeIn(file: Buffer, cuts: readonly number[] = []): Taken {
  const taken: Taken = { rows: [], strays: [] };
  const result = new ResultFile(10, {
    take: ({ start, bytes }, length) => {
      const line = bytes === undefined ? undefined : parseLine(bytes);
      const id = line?.['custom_id'];
      if (typeof id !== 'string' || id.startsWith('?')) return { id: undefined, isText: line === undefined };
      // The line must be readable again from its position in the file.
      expect(parseLine(file.subarray(start, start + length))).toEqual(line);
      taken.rows.push(id);
      return undefined;
    },
    takeStray: ({ start, length }) => void taken.strays.push(file.toString('utf8', start, start + length)),
  });
  const at = [...new Set(cuts.map((cut) => cut % (file.length + 1)))].toSorted((a, b) => a - b);
  for (const [n, from] of [0, ...at].entries()) result.push(file.subarray(from, at[n] ?? file.length));
  result.end();
  return taken;
}

const row = (id: string, text = 'hi'): string =>
  JSON.stringify({
    custom_id: id,
    response: { body: { choices: [{ index: 0, message: { content: text } }] } },
  });
const spread = (line: string, indent: number | string = 2): string =>
  JSON.stringify(JSON.parse(line), null, indent);

const FRAMES: Readonly<Record<string, (lines: readonly string[]) => string>> = {
  'one line each': (lines) => lines.join('\n'),
  'one line each, without a last line end': (lines) => `${lines.join('\n')}\n`,
  'a list on one line': (lines) => `[${lines.join(',')}]`,
  'a list with spaces on one line': (lines) => `[ ${lines.join(' , ')} ]\n`,
  'one after the other': (lines) => lines.join(''),
  'one after the other with spaces': (lines) => lines.join(' '),
  'carriage returns': (lines) => lines.join('\r'),
  'many lines each': (lines) => lines.map((line) => spread(line)).join('\n'),
  'many lines each with tabs and carriage returns': (lines) =>
    lines.map((line) => spread(line, '\t').replaceAll('\n', '\r\n')).join('\r\n'),
  'many lines each, one after the other': (lines) => lines.map((line) => spread(line)).join(''),
  'a list on many lines': (lines) =>
    JSON.stringify(
      lines.map((line) => JSON.parse(line) as unknown),
      null,
      2,
    ),
  'a list of lines between brackets on their own lines': (lines) => `[\n${lines.join(',\n')}\n]\n`,
  'lines between NUL bytes': (lines) => `\0\0${lines.join('\n\0\0')}\n\0\0\0`,
  'lines with record separators': (lines) => lines.map((line) => `\u001e${line}\n`).join(''),
  'byte order marks in front of each': (lines) => lines.map((line) => `\ufeff${line}`).join('\r\n'),
};

describe.each(Object.entries(FRAMES))('a file with its answers as %s', (_how, frame) => {
  test('has all of them, and no other line, in chunks of any size', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '{', '}', '"', '\\', '\n', 'é', '[', ',', '\u2028'),
    });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.array(fc.nat({ max: 2_000 })), (all, cuts) => {
        const file = Buffer.from(frame(all.map((each, n) => row(`row ${n}`, each))));

        expect(takeIn(file, cuts)).toEqual({ rows: all.map((_, n) => `row ${n}`), strays: [] });
      }),
      { numRuns: 30 },
    );
  });
});

describe('a file in which a line cannot be read', () => {
  const broken = row('broken').slice(0, -10);

  test.each([
    ['between others', [row('a'), broken, row('b')], ['a', 'b'], [broken]],
    ['two in a row', [broken, broken, row('b')], ['b'], [broken, broken]],
    ['at its end', [row('a'), broken], ['a'], [broken]],
    ['in front of another one', [row('a'), `${row('b')} or not`], ['a', 'b'], [`${row('b')} or not`]],
    ['without a brace', [row('a'), 'no answer', row('b')], ['a', 'b'], ['no answer']],
    ['in front of a list', [broken, `[${row('a')},${row('b')}]`], ['a', 'b'], [broken]],
    ['in front of an answer on many lines', [broken, spread(row('a'))], ['a'], [broken]],
    ['behind a line of another batch', [row('?'), broken, row('a')], ['a'], [row('?'), broken]],
    ['in front of a line of another batch', [broken, row('?'), row('a')], ['a'], [broken, row('?')]],
  ])('%s keeps the others', (_where, lines, rows, strays) => {
    expect(takeIn(Buffer.from(lines.join('\n')))).toEqual({ rows, strays });
  });

  test('and was cut within a string keeps the others', () => {
    const cut = row('cut', 'x'.repeat(20)).slice(0, -20);

    expect(takeIn(Buffer.from([cut, cut, row('a'), cut, `[${row('b')}]`].join('\n')))).toEqual({
      rows: ['a', 'b'],
      strays: [cut, cut, cut],
    });
  });
});

test('an answer with line ends in its strings is one answer', () => {
  const file = row('a', 'one#two#{').replaceAll('#', '\n');

  expect(takeIn(Buffer.from(`${file}\n${row('b')}\n`))).toEqual({ rows: ['a', 'b'], strays: [] });
});

test('a line of 20 MB and more is read by the objects on it, and the lines behind it have their own', () => {
  const long = row('long', 'x'.repeat(18 * 1_048_576));
  const lines = [`[${long},${row('a')}]`, row('b'), `${row('c')}${long}`, spread(row('d'))];
  const file = Buffer.from(lines.join('\n'));
  const cuts = Array.from({ length: 64 }, (_, n) => n * 1_048_576);

  expect(takeIn(file, cuts)).toEqual({ rows: ['long', 'a', 'b', 'c', 'long', 'd'], strays: [] });
});
