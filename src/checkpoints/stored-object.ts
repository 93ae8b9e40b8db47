import { readJson, requireJson, writeJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** One kind of JSON object in the bucket: what it holds, where it is, and how it is read and written. */
export interface StoredObject<Content, Address> {
  keyOf(address: Address): string;
  /** Returns undefined when there is none. */
  read(store: ObjectStore, address: Address): Promise<Content | undefined>;
  /** Reads one that must be there. */
  require(store: ObjectStore, address: Address): Promise<Content>;
  write(store: ObjectStore, address: Address, content: Content): Promise<void>;
  /** Writes it only if the key is free; returns false when it was taken. */
  create(store: ObjectStore, address: Address, content: Content): Promise<boolean>;
}

export function storedObject<Content, Address>(
  keyOf: (address: Address) => string,
): StoredObject<Content, Address> {
  return {
    keyOf,
    read: (store, address) => readJson<Content>(store, keyOf(address)),
    require: (store, address) => requireJson<Content>(store, keyOf(address)),
    write: (store, address, content) => writeJson(store, keyOf(address), content),
    create: (store, address, content) => store.createIfAbsent(keyOf(address), `${JSON.stringify(content)}\n`),
  };
}
