import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectStore, OpenObject, OpenOptions } from '../../src/store/object-store.ts';
import { tableOf, trials } from '../support/exhaustive.ts';

const MIB = 1_048_576;

/** Keys that S3 allows and that code could wrongly decode, encode or trim. */
const ODD_KEYS = [
  'input/my file.csv',
  'input/a+b c%20d%2Fe.jsonl',
  'input/grüße/日本語 🎉.jsonl',
  'input/ leading and trailing ',
  "input/!-_.*'()&$@=;:,.jsonl",
  'input/quote"<tag>&amp;.jsonl',
];

export interface StoreUnderTest {
  /** Opens an empty store. */
  readonly open: () => Promise<ObjectStore>;
  /** `loose`: the server behind the store lists folder by folder, and escapes reserved characters of XML twice. */
  readonly listing: 'exact' | 'loose';
}

/** The tests that every store must pass. */
export function describeStore(name: string, { open, listing }: StoreUnderTest): void {
  describe(`${name}, a whole object`, () => {
    test('reads back as it was put, also when it is empty', async () => {
      const store = await open();
      await store.put('a/text', 'grüße\n');
      await store.put('a/bytes', Uint8Array.of(0, 255, 10));
      await store.put('a/empty', '');

      expect((await store.get('a/text'))?.toString()).toBe('grüße\n');
      expect(await store.get('a/bytes')).toEqual(Buffer.from([0, 255, 10]));
      expect(await store.get('a/empty')).toEqual(Buffer.alloc(0));
      expect((await store.open('a/empty'))?.bytes).toBe(0);
    });

    test('is replaced by the next one', async () => {
      const store = await open();
      await store.put('a', 'the first and longer one');
      await store.put('a', 'the second');

      expect((await store.get('a'))?.toString()).toBe('the second');
    });

    test('has its size and mark without being read, and a new mark after it is written again', async () => {
      const store = await open();
      await store.put('a/b', 'one');
      const first = await store.stat('a/b');
      await store.put('a/b', 'other');
      const second = await store.stat('a/b');
      const marks: string[] = [];
      for await (const { mark } of store.list('a/')) marks.push(mark);

      expect(first?.bytes).toBe(3);
      expect(second?.bytes).toBe(5);
      expect(second?.mark).not.toBe(first?.mark);
      expect(marks).toEqual([second?.mark]);
      expect(await store.stat('a')).toBeUndefined();
      expect(await store.stat('a/c')).toBeUndefined();
    });

    test('is undefined when there is none, and can be deleted twice', async () => {
      const store = await open();
      await store.put('a/b', 'x');
      await store.delete('a/b');
      await store.delete('a/b');

      expect(await store.get('a/b')).toBeUndefined();
      expect(await store.open('a/b')).toBeUndefined();
      expect(await store.open('a/b', { start: 3, end: 3 })).toBeUndefined();
      expect(await store.get('a')).toBeUndefined();
    });

    test.each(ODD_KEYS)('is found under the key %j and listed as such', async (key) => {
      const store = await open();
      await store.put(key, key);

      expect((await store.get(key))?.toString()).toBe(key);
      const told: unknown = listing === 'exact' || !/[<>&'"]/.test(key) ? key : expect.any(String);
      expect(await listed(store, 'input/')).toEqual([{ key: told, bytes: Buffer.byteLength(key) }]);
    });

    test('is created by exactly one of twenty callers', async () => {
      const store = await open();
      const callers = Array.from({ length: 20 }, (_, caller) => `caller ${caller}`);

      const won = await Promise.all(callers.map((caller) => store.createIfAbsent('jobs/1/job.json', caller)));

      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.get('jobs/1/job.json'))?.toString()).toBe(callers[won.indexOf(true)]);
      expect(await store.createIfAbsent('jobs/1/job.json', 'late')).toBe(false);
    });

    test('is not created over one that was put, and again after its deletion', async () => {
      const store = await open();
      await store.put('a', 'put');

      expect(await store.createIfAbsent('a', 'created')).toBe(false);
      await store.delete('a');
      expect(await store.createIfAbsent('a', 'created')).toBe(true);
      expect((await store.get('a'))?.toString()).toBe('created');
    });
  });

  describe(`${name}, a range`, () => {
    trials(10, 40).test('equals the slice, and has the size of the whole object', async (numRuns) => {
      const store = await open();
      const range = fc.record({ start: fc.nat(250), length: fc.option(fc.nat(250), { nil: undefined }) });
      const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });

      await fc.assert(
        fc.asyncProperty(bytes, range, async (content, { start, length }) => {
          const end = length === undefined ? undefined : start + length;
          // The server behind the loose store reads "bytes=0-0" as "from 0 on".
          fc.pre(listing === 'exact' || start > 0 || length !== 1);
          const options: OpenOptions = end === undefined ? { start } : { start, end };
          await store.put('ranged', content);

          const object = await openThere(store, 'ranged', options);
          expect(object.bytes).toBe(content.length);
          expect(await gather(object.body)).toEqual(Buffer.from(content.slice(start, end)));
          expect(await store.get('ranged', options)).toEqual(Buffer.from(content.slice(start, end)));
        }),
        { numRuns },
      );
    });

    test('can be closed before its end, and before it is read', async () => {
      const store = await open();
      await store.put('long', Buffer.alloc(3 * MIB, 1));
      const begun = await openThere(store, 'long');
      for await (const chunk of begun.body) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      begun.close();
      const unread = await openThere(store, 'long');
      unread.close();

      await expect(gather(unread.body)).rejects.toThrow(/clos/i);
      expect((await store.get('long', { start: 0, end: 2 }))?.length).toBe(2);
    });
  });

  describe(`${name}, a streaming write`, () => {
    trials(8, 30).test('reads back equal, however it was cut into chunks', async (numRuns) => {
      const store = await open();
      const chunks = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' })));

      await fc.assert(
        fc.asyncProperty(chunks, async (parts) => {
          const writer = store.write('streamed');
          for (const part of parts) await writer.write(part);
          await writer.close();

          const expected = Buffer.concat(
            parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
          );
          expect(await store.get('streamed')).toEqual(expected);
          expect(writer.bytes).toBe(expected.length);
        }),
        { numRuns },
      );
    });

    tableOf(
      [
        { chunk: 8 * MIB, total: 8 * MIB },
        { chunk: 8 * MIB, total: 16 * MIB },
        { chunk: 1_000_003, total: 25 * MIB + 1 },
        { chunk: 20 * MIB + 7, total: 41 * MIB + 14 },
      ],
      ({ total }) => total === 16 * MIB,
    ).test('of $total bytes in chunks of $chunk keeps every byte in place', async ({ chunk, total }) => {
      const store = await open();
      const content = pattern(total);
      const writer = store.write('large');
      const reused = Buffer.alloc(chunk);
      for (let from = 0; from < total; from += chunk) {
        const bytes = content.copy(reused, 0, from);
        await writer.write(reused.subarray(0, bytes));
        reused.fill(0);
      }
      await writer.close();

      expect((await store.get('large'))?.equals(content)).toBe(true);
      expect(await listed(store, '')).toEqual([{ key: 'large', bytes: total }]);
    });

    test('is not visible before it is closed, and never after an abort', async () => {
      const store = await open();
      await store.put('old', 'old');
      const replacing = store.write('old');
      await replacing.write(Buffer.alloc(9 * MIB));
      const aborted = store.write('new');
      await aborted.write(Buffer.alloc(9 * MIB));

      expect((await store.get('old'))?.toString()).toBe('old');
      await replacing.abort();
      await aborted.abort();
      await aborted.abort();
      expect((await store.get('old'))?.toString()).toBe('old');
      expect(await listed(store, '')).toEqual([{ key: 'old', bytes: 3 }]);
    });

    test('stays when it is aborted after it was closed, and accepts no further chunk', async () => {
      const store = await open();
      const writer = store.write('a');
      await writer.write('whole');
      await writer.close();
      await writer.abort();

      await expect(writer.write('more')).rejects.toThrow(/closed/);
      await expect(writer.close()).rejects.toThrow(/closed/);
      expect((await store.get('a'))?.toString()).toBe('whole');
    });
  });

  describe(`${name}, a join`, () => {
    test('of one object is a copy that does not change when its source is written again', async () => {
      const store = await open();
      await store.put('a', 'one');
      await store.copy('b', 'a');
      await store.copy('b', 'a');
      await store.put('a', 'two');

      expect((await store.get('b'))?.toString()).toBe('one');
      await store.copy('b', 'a');
      expect((await store.get('b'))?.toString()).toBe('two');
      await expect(store.copy('c', 'missing')).rejects.toHaveProperty('name', 'InvalidInput');
      expect(await store.get('c')).toBeUndefined();
    });

    test('of small objects holds them in order, also none and empty ones', async () => {
      const store = await open();
      await store.put('1', 'one\n');
      await store.put('2', '');
      await store.put('3', 'three\n');
      await store.concat('joined', ['3', '2', '1', '3']);
      await store.concat('empty', []);
      await store.concat('still empty', ['2', '2']);

      expect((await store.get('joined'))?.toString()).toBe('three\none\nthree\n');
      expect(await store.get('empty')).toEqual(Buffer.alloc(0));
      expect(await store.get('still empty')).toEqual(Buffer.alloc(0));
    });

    test('of small and large objects holds them in order', async () => {
      const store = await open();
      const large = pattern(12 * MIB + 5);
      await store.put('small', 'small\n');
      await store.put('large', large);
      await store.concat('joined', ['large', 'small', 'large', 'small']);

      const expected = Buffer.concat([large, Buffer.from('small\n'), large, Buffer.from('small\n')]);
      expect((await store.get('joined'))?.equals(expected)).toBe(true);
    });

    tableOf([1_000, 12 * MIB + 5], 1).test(
      'whose first source is already the result has the same bytes again, with %i bytes in the second source',
      async (bytes) => {
        const store = await open();
        const second = pattern(bytes);
        await store.put('joined', 'one\n');
        await store.put('2', second);
        await store.put('3', 'three\n');
        const join = (): Promise<void> => store.concat('joined', ['joined', '2', '3'], [4, second.length, 6]);
        await join();
        await join();

        const expected = Buffer.concat([Buffer.from('one\n'), second, Buffer.from('three\n')]);
        expect((await store.get('joined'))?.equals(expected)).toBe(true);
        await expect(store.concat('joined', ['3'], [7])).rejects.toHaveProperty('name', 'StoreUnavailable');
        expect((await store.get('joined'))?.equals(expected)).toBe(true);
      },
    );

    test('names the missing source, and creates no object', async () => {
      const store = await open();
      await store.put('1', 'one\n');

      const joining = store.concat('joined', ['1', 'missing']);
      await expect(joining).rejects.toThrow(/missing/);
      await expect(joining).rejects.toHaveProperty('name', 'InvalidInput');
      expect(await store.get('joined')).toBeUndefined();
    });
  });

  describe(`${name}, a listing`, () => {
    test('is recursive and in the order of the keys, byte by byte', async () => {
      const store = await open();
      const keys = ['a-b', 'a/1', 'a/B', 'a/b/c', 'a/b-c', 'a0', 'b', 'ä', '￮', '𐀀'];
      for (const key of keys) await store.put(key, key);

      const listedKeys = (await listed(store, '')).map(({ key }) => key);
      const ordered = inByteOrder(keys);
      expect(listing === 'exact' ? listedKeys : inByteOrder(listedKeys)).toEqual(ordered);
    });

    test('has all keys that start with the prefix, which may be a folder or a part of a name', async () => {
      const store = await open();
      for (const key of ['jobs/a/1', 'jobs/a/2', 'jobs/ab/1', 'jobs/b', 'output/a']) await store.put(key, '');

      const keysOf = async (prefix: string) => (await listed(store, prefix)).map(({ key }) => key);
      expect(await keysOf('jobs/a/')).toEqual(['jobs/a/1', 'jobs/a/2']);
      expect(await keysOf('jobs/a')).toEqual(['jobs/a/1', 'jobs/a/2', 'jobs/ab/1']);
      expect(await keysOf('jobs/b')).toEqual(['jobs/b']);
      expect(await keysOf('none/')).toEqual([]);
      expect(await keysOf('jobs/a/1/')).toEqual([]);
    });

    test('continues after a key', async () => {
      const store = await open();
      for (const key of ['index/1', 'index/2', 'index/2-b', 'index/3']) await store.put(key, '');

      const keys: string[] = [];
      for await (const { key } of store.list('index/', { after: 'index/2' })) keys.push(key);
      expect(keys).toEqual(['index/2-b', 'index/3']);
    });
  });
}

/** Opens an object that exists. */
export async function openThere(store: ObjectStore, key: string, options?: OpenOptions): Promise<OpenObject> {
  const object = await store.open(key, options);
  if (object === undefined) throw new Error(`There is no ${key}.`);
  return object;
}

export async function gather(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function listed(store: ObjectStore, prefix: string): Promise<{ key: string; bytes: number }[]> {
  const entries: { key: string; bytes: number }[] = [];
  for await (const { key, bytes } of store.list(prefix)) entries.push({ key, bytes });
  return entries;
}

/** Bytes in which every 4-byte word is its own position. */
export function pattern(bytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let index = 0; index < words.length; index += 1) words[index] = index;
  return Buffer.from(words.buffer, 0, bytes);
}

function inByteOrder(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
