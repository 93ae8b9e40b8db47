import { fileURLToPath } from 'node:url';
import { InvalidRequest } from '../errors.ts';
import { createFolderStore } from './folder-store.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The store that `STORE` names: `s3://bucket` or `file:///folder`.
 * @throws InvalidRequest when it is neither.
 */
export function openStore(url: string): ObjectStore {
  if (url.startsWith('file://')) return createFolderStore(fileURLToPath(url));
  throw new InvalidRequest(`STORE is "${url}"; it must be s3://<bucket> or file:///<folder>.`);
}
