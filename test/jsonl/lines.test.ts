import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameLines, type Line } from '../../src/jsonl/lines.ts';

async function* inChunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  for (const [n, from] of [0, ...at].entries()) yield bytes.subarray(from, at[n] ?? bytes.length);
}

async function frame(
  input: string | Buffer,
  cuts: readonly number[] = [],
  mode?: 'raw',
  max = 1_000,
): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const batch of frameLines(inChunks(Buffer.from(input), cuts), max, mode)) lines.push(...batch);
  return lines;
}

const texts = (lines: readonly Line[]): (string | undefined)[] => lines.map(({ bytes }) => bytes?.toString());

describe('rows', () => {
  test.each([
    ['a\nb\n', ['a', 'b']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\ufeffa\nb', ['a', 'b']],
    ['a\n\n  \n\t\r\nb', ['a', 'b']],
    ['', []],
    ['\n\n', []],
    ['\ufeff', []],
    ['a\u2028b\u2029c\u0085d\n', ['a\u2028b\u2029c\u0085d']],
    ['a\rb\n', ['a\rb']],
    ['a\n\ufeffb\n\ufeff\n\ufeff\r\nc\ufeff', ['a', 'b', 'c\ufeff']],
  ])('%j is %j', async (input, expected) => {
    expect(texts(await frame(input))).toEqual(expected);
  });

  test('have numbers that count blank lines', async () => {
    expect((await frame('\na\n\nb')).map(({ number }) => number)).toEqual([2, 4]);
  });

  test('longer than the limit are skipped, with their number', async () => {
    const lines = await frame(`short\n${'x'.repeat(5_000)}\nafter`, [3, 600, 2_000], undefined, 100);

    expect(texts(lines)).toEqual(['short', undefined, 'after']);
    expect(lines[1]?.number).toBe(2);
  });
});

const content = fc.string({
  unit: fc.constantFrom('a', 'é', '🌍', '\u2028', '\n', '\r', ' ', '\ufeff', '"'),
});
const cuts = fc.array(fc.nat({ max: 400 }));

test('any split of the bytes gives the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(content, cuts, async (text, where) => {
      expect(await frame(text, where)).toEqual(await frame(text));
      expect(await frame(text, where, 'raw')).toEqual(await frame(text, [], 'raw'));
    }),
  );
});

test('raw lines join to the input, and every line has its right offset', async () => {
  await fc.assert(
    fc.asyncProperty(content, cuts, async (text, where) => {
      const input = Buffer.from(text);
      const raw = await frame(text, where, 'raw');
      expect(Buffer.concat(raw.map(({ bytes }) => bytes ?? Buffer.alloc(0)))).toEqual(input);
      for (const { start, bytes = Buffer.alloc(0) } of [...raw, ...(await frame(text, where))]) {
        expect(input.subarray(start, start + bytes.length).equals(bytes)).toBe(true);
      }
    }),
  );
});
