import type { ObjectStore } from './object-store.ts';

/** A mapping of keys: `to` returns the key in the inner store, and `from` maps that key back. */
export interface KeyMap {
  readonly to: (key: string) => string;
  readonly from: (moved: string) => string;
}

/** A store that keeps its objects in another store (the inner one), under other keys. */
export function moveKeys(store: ObjectStore, { to, from }: KeyMap): ObjectStore {
  const { file } = store;
  return {
    ...store,
    locate: (key) => store.locate(to(key)),
    open: (key, options) => store.open(to(key), options),
    get: (key, options) => store.get(to(key), options),
    put: (key, bytes) => store.put(to(key), bytes),
    createIfAbsent: (key, bytes) => store.createIfAbsent(to(key), bytes),
    write: (key) => store.write(to(key)),
    concat: (key, sources, sizes) => store.concat(to(key), sources.map(to), sizes),
    copy: (key, source) => store.copy(to(key), to(source)),
    ...(file && { file: (key: string) => file(to(key)) }),
    stat: (key) => store.stat(to(key)),
    async *list(prefix, { after } = {}) {
      const listed = store.list(to(prefix), after === undefined ? {} : { after: to(after) });
      for await (const object of listed) yield { ...object, key: from(object.key) };
    },
    delete: (key) => store.delete(to(key)),
  };
}
