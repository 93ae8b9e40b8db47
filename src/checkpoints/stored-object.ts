import { readJson, requireJson, writeJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** One kind of JSON object in the bucket: its type, its key, its reader and its writer. */
export interface StoredObject<Content, Address> {
  keyOf(address: Address): string;
  /** Returns undefined if the object does not exist. */
  read(store: ObjectStore, address: Address): Promise<Content | undefined>;
  /** Reads an object that must exist. */
  require(store: ObjectStore, address: Address): Promise<Content>;
  write(store: ObjectStore, address: Address, content: Content): Promise<void>;
  /** Writes the object only if the key is free; returns false if it was taken. */
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
