import { fileURLToPath, pathToFileURL } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { InvalidRequest } from '../errors.ts';
import { createFolderStore } from './folder-store.ts';
import type { Links } from './links.ts';
import type { ObjectStore } from './object-store.ts';
import { createS3Client } from './s3-client.ts';
import { createS3Links } from './s3-links.ts';
import { createS3Store } from './s3-store.ts';

const BUCKET_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/;

/**
 * Opens the store that `STORE` names: `s3://bucket` or `file:///folder`.
 * @throws InvalidRequest when it is neither.
 */
export function openStore(url: string): ObjectStore {
  const bucket = BUCKET_URL.exec(url)?.[1];
  if (bucket !== undefined) return createS3Store(bucket, sharedClient());
  const folder = folderOf(url);
  if (folder !== undefined) return createFolderStore(folder);
  throw new InvalidRequest(`STORE is "${url}"; it must be s3://<bucket> or file:///<folder>.`);
}

/**
 * URLs of objects in the store that `STORE` names: presigned for a bucket, file URLs for a folder.
 * @throws InvalidRequest when it names neither.
 */
export function openLinks(url: string): Links {
  const bucket = BUCKET_URL.exec(url)?.[1];
  if (bucket !== undefined) return createS3Links(bucket, sharedClient());
  const store = openStore(url);
  const addressOf = (key: string): Promise<string> => Promise.resolve(pathToFileURL(store.locate(key)).href);
  return { download: addressOf, upload: addressOf };
}

/** The path of a file URL; undefined for another URL, for one with a host, and for the root of the disk. */
function folderOf(url: string): string | undefined {
  if (!/^file:\/\/\/./.test(url)) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

const clients = new Map<string, S3Client>();

/** The client of the environment's region and endpoint. It is kept, so that its connections outlive one invocation. */
function sharedClient(): S3Client {
  const { AWS_REGION: region = '', AWS_ENDPOINT_URL_S3: endpoint = '' } = process.env;
  const where = `${region} ${endpoint}`;
  const client = clients.get(where) ?? createS3Client();
  clients.set(where, client);
  return client;
}
