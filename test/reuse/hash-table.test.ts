import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { HashTable } from '../../src/reuse/hash-table.ts';

/** Two words that look random and are the same in each run. */
function hashOf(n: number): [high: number, low: number] {
  return [Math.imul(n + 1, 0x9e3779b1) >>> 0, Math.imul(n + 7, 0x85ebca6b) >>> 0];
}

/** The bytes of a dump in chunks of this length. */
async function* cut(table: HashTable, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.concat([...table.dump()]);
  for (let at = 0; at < bytes.length; at += length)
    yield await Promise.resolve(bytes.subarray(at, at + length));
}

describe('a table of hashes', () => {
  test('has the same entries after it was dumped and loaded, wherever the dump is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 1e6 }), { maxLength: 2_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        async (keys, length) => {
          const table = new HashTable(1);
          for (const key of keys) table.add(...hashOf(key), [key]);
          const loaded = new HashTable(1);
          const values: number[] = [];

          await loaded.load(cut(table, length), ([value]) => values.push(value ?? -1));

          expect(values.toSorted((a, b) => a - b)).toEqual(keys.toSorted((a, b) => a - b));
          expect(loaded.size).toBe(keys.length);
          for (const key of keys) expect(loaded.getOrAdd(...hashOf(key), 0)).toBe(key);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('rejects a dump that ends in the middle of an entry', async () => {
    const table = new HashTable(1);
    table.add(...hashOf(1), [1]);
    const bytes = Buffer.concat([...table.dump()]);

    await expect(new HashTable(1).load(cutOff(bytes))).rejects.toThrow('in the middle of an entry');
  });

  test('loads dumps one after the other', async () => {
    const [first, second, loaded] = [new HashTable(0), new HashTable(0), new HashTable(0)];
    for (let n = 0; n < 2_000; n += 1) (n < 1_000 ? first : second).addKey(...hashOf(n));

    await loaded.load(cut(first, 4_096));
    await loaded.load(cut(second, 4_096));

    expect(loaded.size).toBe(2_000);
    expect(loaded.addKey(...hashOf(1_500))).toBe(false);
  });

  test('takes its whole size before it is loaded, because entries in the order of their positions fill a small table from one end', async () => {
    const table = new HashTable(0);
    for (let n = 0; n < 100_000; n += 1) table.addKey(...hashOf(n));
    const loaded = new HashTable(0);
    // A table that grows calls this to free its old memory.
    const growths = vi.spyOn(ArrayBuffer.prototype, 'transfer');
    onTestFinished(() => growths.mockRestore());

    await loaded.load(cut(table, 65_536));

    expect(loaded.size).toBe(100_000);
    expect(growths).not.toHaveBeenCalled();
  });
});

async function* cutOff(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes.subarray(0, -1));
}
