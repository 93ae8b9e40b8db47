import type { ObjectStore } from '../../src/store/object-store.ts';

/** A store that counts the objects which are opened and not closed. */
export function countOpen(store: ObjectStore): {
  readonly store: ObjectStore;
  readonly open: () => string[];
} {
  const open: string[] = [];
  const counted: ObjectStore = {
    ...store,
    async open(key, options) {
      const object = await store.open(key, options);
      if (object === undefined) return undefined;
      open.push(key);
      const close = (): void => {
        const at = open.indexOf(key);
        if (at !== -1) open.splice(at, 1);
        object.close();
      };
      return { ...object, close };
    },
  };
  return { store: counted, open: () => open };
}
