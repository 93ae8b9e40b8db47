import { describe, expect, test } from 'vitest';
import { shardKey } from '../../../src/checkpoints/keys.ts';
import { sampleRows } from '../../../src/report/survey/sample-rows.ts';
import { createFolderStore } from '../../../src/store/folder-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openTempFolder } from '../../support/temp-folder.ts';

const keysOf = (shards: readonly number[]): string[] =>
  shards.map((shard) => shardKey({ jobId: 'job', shard }, 'results.jsonl'));

interface CountingStore extends ObjectStore {
  /** Number of bytes that were read. */
  readonly read: () => number;
}

async function openStore(): Promise<CountingStore> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  let read = 0;
  const get: ObjectStore['get'] = async (key, options) => {
    const bytes = await store.get(key, options);
    read += bytes?.length ?? 0;
    return bytes;
  };
  return { ...store, get, read: () => read };
}

const line = (id: string, text: string): string =>
  `${JSON.stringify({ custom_id: id, ok: true, text, round: 1 })}\n`;

async function putShard(store: ObjectStore, shard: number, lines: readonly string[]): Promise<void> {
  await store.put(shardKey({ jobId: 'job', shard }, 'results.jsonl'), lines.join(''));
}

describe('a sample', () => {
  test('is every row of a small job', async () => {
    const store = await openStore();
    await putShard(store, 0, [line('a', 'one'), line('b', 'two')]);
    await putShard(store, 1, [
      `${JSON.stringify({ custom_id: 'c', ok: false, outcome: 'failed', error: { code: 'X', message: 'no' }, retry: false, round: 1 })}\n`,
    ]);

    expect(await sampleRows(store, keysOf([0, 1]))).toEqual([
      { customId: 'a', outcome: 'ok', answer: 'one' },
      { customId: 'b', outcome: 'ok', answer: 'two' },
      { customId: 'c', outcome: 'failed', answer: 'X: no' },
    ]);
  });

  test('of one large shard comes from all over it, and reads little of it', async () => {
    const store = await openStore();
    await putShard(
      store,
      0,
      Array.from({ length: 50_000 }, (_, n) => line(`q${n}`, 'x'.repeat(200))),
    );

    const rows = await sampleRows(store, keysOf([0]));

    const places = rows.map(({ customId }) => Number(customId.slice(1)));
    expect(places).toHaveLength(96);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBe(0);
    expect(places.at(-1)).toBeGreaterThan(45_000);
    expect(new Set(places).size).toBe(96);
    expect(store.read()).toBeLessThanOrEqual(12 * 131_072);
    expect(await sampleRows(store, keysOf([0]))).toEqual(rows);
  });

  test('of many shards comes from twelve of them', async () => {
    const store = await openStore();
    const shards = Array.from({ length: 60 }, (_, shard) => shard);
    for (const shard of shards)
      await putShard(
        store,
        shard,
        [...Array(20).keys()].map((n) => line(`${shard}-${n}`, 'x')),
      );

    const rows = await sampleRows(store, keysOf(shards));

    expect(rows).toHaveLength(96);
    expect(new Set(rows.map(({ customId }) => customId.split('-')[0])).size).toBe(12);
  });

  test('leaves out rows that are longer than the part that is read, and shards without results', async () => {
    const store = await openStore();
    await putShard(store, 0, [line('long', 'x'.repeat(200_000)), line('short', 'x')]);
    await putShard(store, 2, [line('other', 'é'.repeat(1_000))]);

    const rows = await sampleRows(store, keysOf([0, 1, 2]));

    expect(rows.map(({ customId }) => customId)).toEqual(['other']);
    expect(Buffer.byteLength(rows[0]?.answer ?? '')).toBeLessThanOrEqual(604);
  });

  test('shows embeddings and bodies as JSON', async () => {
    const store = await openStore();
    await putShard(store, 0, [
      '{"custom_id":"e","ok":true,"embedding":[0.1,0.2],"round":1}\n',
      '{"custom_id":"b","ok":true,"text":null,"body":{"choices":[]},"round":1}\n',
    ]);

    expect((await sampleRows(store, keysOf([0]))).map(({ answer }) => answer)).toEqual([
      '[0.1,0.2]',
      '{"choices":[]}',
    ]);
  });
});
