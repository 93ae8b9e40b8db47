import type { ObjectStore } from '../src/store/object-store.ts';
import { requireJson } from '../src/store/json.ts';

/** What an ItemReader asks of S3. The bucket is the store of the host. */
interface AskedItems {
  readonly Key: string;
}

/** Reads the items of a map from the store, as Step Functions reads them from the bucket. */
export async function readItems(
  { store }: { readonly store: ObjectStore },
  { Key: key }: AskedItems,
): Promise<unknown> {
  return requireJson(store, key);
}
