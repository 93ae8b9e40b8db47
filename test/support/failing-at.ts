import type { ObjectStore } from '../../src/store/object-store.ts';

/** A store in which the nth change, and every change after it, fails as if the process had died. */
export function failingAt(store: ObjectStore, nth: number): ObjectStore {
  let changes = 0;
  const die = (): void => {
    changes += 1;
    if (changes >= nth) throw new Error('The process died.');
  };
  return {
    ...store,
    put: async (key, bytes) => (die(), store.put(key, bytes)),
    concat: async (key, sources, sizes) => (die(), store.concat(key, sources, sizes)),
    copy: async (key, source) => (die(), store.copy(key, source)),
    delete: async (key) => (die(), store.delete(key)),
    write: (key) => {
      const writer = store.write(key);
      const close = writer.close.bind(writer);
      writer.close = async () => (die(), close());
      return writer;
    },
  };
}
