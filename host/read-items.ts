import type { ObjectStore } from '../src/store/object-store.ts';
import { requireJson } from '../src/store/json.ts';

/** The S3 request of an ItemReader. The bucket is the host's store. */
interface AskedItems {
  readonly Key: string;
}

/** Reads the items of a map from the store, as Step Functions does from the bucket. */
export async function readItems(
  { store }: { readonly store: ObjectStore },
  { Key: key }: AskedItems,
): Promise<unknown> {
  return requireJson(store, key);
}
