import { parseExact } from '../exact-json.ts';
import type { ObjectStore } from './object-store.ts';

/** Error for one of our JSON objects that cannot be read: a person changed it, or a power failure interrupted its writing. */
export class UnreadableObject extends Error {}

/**
 * Reads one of our JSON objects, or `undefined` if it does not exist. Its shape is trusted, because only the workflow writes it.
 * Numbers from a job request, in the body of its overrides, keep their text.
 * @throws UnreadableObject when it is not JSON
 */
export async function readJson<T>(store: ObjectStore, key: string): Promise<T | undefined> {
  const bytes = await store.get(key);
  if (bytes === undefined) return undefined;
  try {
    return parseExact(bytes.toString('utf8')) as T;
  } catch (error) {
    throw new UnreadableObject(`${store.locate(key)} is not JSON; was it changed by hand?`, { cause: error });
  }
}

/** {@link readJson} for an object that must exist. */
export async function requireJson<T>(store: ObjectStore, key: string): Promise<T> {
  const value = await readJson<T>(store, key);
  if (value === undefined) throw new Error(`There is no ${store.locate(key)}.`);
  return value;
}

export async function writeJson(store: ObjectStore, key: string, value: unknown): Promise<void> {
  await store.put(key, `${JSON.stringify(value)}\n`);
}
