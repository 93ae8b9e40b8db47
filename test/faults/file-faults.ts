import type { TaskEdges } from '../../src/announce/channel.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** Functions to call when an object with a matching key is written. */
interface Hook {
  readonly key: RegExp;
  /** Number of matching writes to ignore first. Default 0. */
  readonly skip?: number;
  readonly before?: (store: ObjectStore, key: string) => Promise<unknown>;
  readonly after?: (store: ObjectStore, key: string) => Promise<unknown>;
}

/** Calls the functions of a hook once, before and after the object is written. */
export function hookOnce(edges: TaskEdges, { key: pattern, skip = 0, before, after }: Hook): TaskEdges {
  const { store } = edges;
  let seen = 0;
  const around = async <Result>(key: string, write: () => Promise<Result>): Promise<Result> => {
    const isIt = pattern.test(key) && (seen += 1) === skip + 1;
    if (isIt) await before?.(store, key);
    const result = await write();
    if (isIt) await after?.(store, key);
    return result;
  };
  const hooked: ObjectStore = {
    ...store,
    put: (key, bytes) => around(key, () => store.put(key, bytes)),
    write: (key) => {
      const writer = store.write(key);
      return {
        get bytes() {
          return writer.bytes;
        },
        write: (chunk) => writer.write(chunk),
        close: () => around(key, () => writer.close()),
        abort: () => writer.abort(),
      };
    },
  };
  return { ...edges, store: hooked };
}

/** Cuts files after their first line, as if a second call had overwritten the whole file and stopped there. */
export const cutFile =
  (file: RegExp) =>
  async (store: ObjectStore): Promise<void> => {
    for await (const { key } of store.list('jobs/')) {
      if (!file.test(key)) continue;
      const text = String(await store.get(key));
      await store.put(key, text.slice(0, text.indexOf('\n') + 1));
    }
  };

/** Fails like a Lambda that ends without an answer. */
export async function failLambda(): Promise<never> {
  throw Object.assign(new Error('The Lambda ended without an answer.'), { name: 'Lambda.Unknown' });
}

/** Gives each call of a step so little time that it stops as soon as it can. */
export const slowly = (edges: TaskEdges): TaskEdges => ({
  ...edges,
  time: { isShort: () => true, isOver: () => false },
});
