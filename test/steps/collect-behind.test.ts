import { describe, expect, test } from 'vitest';
import { roundKey } from '../../src/checkpoints/keys.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { errorLine, expired, okLine, openShard, REF } from './collected-shard.ts';

const KEYS = {
  output: roundKey(REF, 1, 'output.jsonl'),
  results: roundKey(REF, 1, 'results.jsonl'),
  deadLetters: roundKey(REF, 1, 'dead-letters.jsonl'),
  next: roundKey(REF, 2, 'requests.jsonl'),
  collected: roundKey(REF, 1, 'collected.json'),
  late: roundKey(REF, 1, 'late.json'),
};

/** Replaces the way in which the store completes files. */
function completeBy(
  store: ObjectStore,
  complete: (key: string, close: () => Promise<void>) => Promise<void>,
): void {
  const write = store.write.bind(store);
  const changed: Pick<ObjectStore, 'write'> = {
    write: (key) => {
      const writer = write(key);
      const close = writer.close.bind(writer);
      writer.close = () => complete(key, close);
      return writer;
    },
  };
  Object.assign(store, changed);
}

/** The objects of the round that are in the store. */
async function stored(store: ObjectStore): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(KEYS).map(async ([name, key]) => ((await store.stat(key)) === undefined ? [] : [name])),
  );
  return found.flat();
}

describe('a store that takes long to complete the output file', () => {
  test('gets the results meanwhile, and shows them after the output file', async () => {
    const shard = await openShard(3, [], 4, false);
    const { promise: areWritten, resolve: written } = Promise.withResolvers<void>();
    const shown: string[] = [];
    completeBy(shard.store, async (key, close) => {
      if (key === KEYS.output) await areWritten;
      await close();
      shown.push(key);
    });
    const write = shard.store.write.bind(shard.store);
    Object.assign(shard.store, {
      write: (key: string) => {
        if (key === KEYS.results) written();
        return write(key);
      },
    });

    const output = okLine('q0') + errorLine('q1', 'INFERENCE_3107') + okLine('q2');
    const collected = await shard.collect(undefined, { output });

    expect(collected).toMatchObject({ next: 'retry', round: 2 });
    expect(shown[0]).toBe(KEYS.output);
    expect(shown.slice(1).toSorted()).toEqual([KEYS.deadLetters, KEYS.results, KEYS.next].toSorted());
  });

  test.each([
    { of: 'a round whose rows are all there', output: okLine('q0') + okLine('q1'), batch: {}, next: 'done' },
    { of: 'a round that waits for more rows', output: okLine('q0'), batch: expired(2), next: 'look' },
  ])('stores nothing of $of if it fails, and the step is repeated', async ({ output, batch, next }) => {
    const shard = await openShard(2, [], 4, false);
    let fails = true;
    completeBy(shard.store, async (key, close) => {
      if (key !== KEYS.output || !fails) return close();
      // All other work that is not waiting for this file is done first.
      await new Promise((resolve) => setImmediate(resolve));
      throw new StoreUnavailable('s3:PutObject did not succeed: SlowDown.');
    });

    await expect(shard.collect(undefined, { output, batch })).rejects.toThrow('SlowDown');
    expect(await stored(shard.store)).toEqual([]);

    fails = false;
    expect(await shard.collect(undefined, { output, batch })).toMatchObject({ next });
    expect(await stored(shard.store)).toContain('output');
  });
});
