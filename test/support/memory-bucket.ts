import { setImmediate } from 'node:timers/promises';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createMemoryStore } from './memory-store.ts';

/**
 * A bucket in memory for whole jobs. Each call returns in a later turn of the event loop, as with a real bucket: otherwise a shard
 * that waits would try again thousands of times during one request of another shard.
 */
export function createMemoryBucket(): ObjectStore {
  const store = createMemoryStore();
  const later = async <T>(call: () => Promise<T>): Promise<T> => {
    await setImmediate();
    return call();
  };
  return {
    ...store,
    get: (key, options) => later(() => store.get(key, options)),
    open: (key, options) => later(() => store.open(key, options)),
    put: (key, bytes) => later(() => store.put(key, bytes)),
    createIfAbsent: (key, bytes) => later(() => store.createIfAbsent(key, bytes)),
    concat: (key, sources, sizes) => later(() => store.concat(key, sources, sizes)),
    copy: (key, source) => later(() => store.copy(key, source)),
    stat: (key) => later(() => store.stat(key)),
    delete: (key) => later(() => store.delete(key)),
    async *list(prefix, options) {
      await setImmediate();
      yield* store.list(prefix, options);
    },
  };
}
