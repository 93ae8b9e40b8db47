import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInput } from '../errors.ts';
import type { ObjectStore, ObjectWriter, OpenObject, OpenOptions } from './object-store.ts';

/** Where half-written objects are; never listed. In the folder itself, so that a rename stays within one file system. */
const STAGING = '.tmp';

const READ_CHUNK_BYTES = 262_144;
const WRITE_BLOCK_BYTES = 262_144;

/** A store whose objects are plain files: key = path below the folder. Versions do not exist here. */
export function createFolderStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const pathOf = (key: string): string => join(root, ...segments(key));
  const store: ObjectStore = {
    url: pathToFileURL(root).href,
    locate: pathOf,
    open: (key, options) => openFile(pathOf(key), options),
    get: (key, options) => getFile(store, key, options),
    put: async (key, bytes) => {
      await withStaged(root, bytes, (staged) => place(staged, pathOf(key)));
    },
    createIfAbsent: (key, bytes) => withStaged(root, bytes, (staged) => linkIfAbsent(staged, pathOf(key))),
    write: (key) => new FileWriter(root, pathOf(key)),
    concat: (key, sources) => concatFiles(store, key, sources),
    list: (prefix) => listFiles(root, prefix),
    delete: (key) => rm(pathOf(key), { force: true }),
  };
  return store;
}

/** The path below the folder. Refuses what would leave it, or what a file system cannot hold. */
function segments(key: string): string[] {
  const parts = key.split('/');
  const wrong = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  if (wrong || parts[0] === STAGING) throw new InvalidInput(`The key "${key}" cannot be a file's path.`);
  return parts;
}

async function openFile(path: string, { start = 0, end }: OpenOptions = {}): Promise<OpenObject | undefined> {
  const found = await statFile(path);
  if (found === undefined) return undefined;
  const last = Math.min(end ?? found.size, found.size);
  if (last <= start) return { bytes: found.size, body: nothing(), close: () => undefined };
  const stream = createReadStream(path, { start, end: last - 1, highWaterMark: READ_CHUNK_BYTES });
  return { bytes: found.size, body: stream as AsyncIterable<Buffer>, close: () => void stream.destroy() };
}

async function statFile(path: string): Promise<{ size: number } | undefined> {
  const found = await ifThere(stat(path));
  return found?.isFile() ? found : undefined;
}

async function* nothing(): AsyncGenerator<Buffer> {}

async function getFile(store: ObjectStore, key: string, options?: OpenOptions): Promise<Buffer | undefined> {
  if (options === undefined) {
    const path = store.locate(key);
    return (await statFile(path)) === undefined ? undefined : ifThere(readFile(path));
  }
  const object = await store.open(key, options);
  if (object === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes a file aside, so that what the callback puts into place is whole. */
async function withStaged<T>(
  root: string,
  bytes: Uint8Array | string,
  use: (staged: string) => Promise<T>,
): Promise<T> {
  const staged = await stagingPath(root);
  try {
    await writeFile(staged, bytes);
    return await use(staged);
  } finally {
    await rm(staged, { force: true });
  }
}

async function stagingPath(root: string): Promise<string> {
  await mkdir(join(root, STAGING), { recursive: true });
  return join(root, STAGING, randomUUID());
}

async function place(staged: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rename(staged, path);
}

/** `link` fails when the name is taken, whoever took it: exactly one caller wins, in any process. */
async function linkIfAbsent(staged: string, path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await link(staged, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Gathers small chunks into blocks: one system call per {@link WRITE_BLOCK_BYTES}, not one per line. */
class FileWriter implements ObjectWriter {
  bytes = 0;
  readonly #root: string;
  readonly #path: string;
  #staged: string | undefined;
  #file: FileHandle | undefined;
  #block = Buffer.allocUnsafe(WRITE_BLOCK_BYTES);
  #used = 0;

  constructor(root: string, path: string) {
    this.#root = root;
    this.#path = path;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytes += bytes.byteLength;
    if (this.#used + bytes.byteLength > WRITE_BLOCK_BYTES) await this.#flush();
    if (bytes.byteLength > WRITE_BLOCK_BYTES) {
      await this.#writeAll(bytes);
    } else {
      this.#block.set(bytes, this.#used);
      this.#used += bytes.byteLength;
    }
  }

  async close(): Promise<void> {
    await this.#flush();
    const file = await this.#open();
    await file.close();
    this.#file = undefined;
    if (this.#staged !== undefined) await place(this.#staged, this.#path);
    this.#staged = undefined;
  }

  async abort(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    if (this.#staged !== undefined) await rm(this.#staged, { force: true });
    this.#staged = undefined;
  }

  async #flush(): Promise<void> {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) await this.#writeAll(this.#block.subarray(0, used));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const file = await this.#open();
    for (let from = 0; from < bytes.byteLength;) {
      from += (await file.write(bytes, from)).bytesWritten;
    }
  }

  async #open(): Promise<FileHandle> {
    this.#staged ??= await stagingPath(this.#root);
    this.#file ??= await open(this.#staged, 'w');
    return this.#file;
  }
}

async function concatFiles(store: ObjectStore, key: string, sources: readonly string[]): Promise<void> {
  const writer = store.write(key);
  try {
    for (const source of sources) {
      const object = await store.open(source);
      if (object === undefined) throw new InvalidInput(`There is no ${store.locate(source)} to join.`);
      for await (const chunk of object.body) await writer.write(chunk);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** In the byte order of whole keys, as S3 lists them: a folder's own key ends in "/" for the comparison. */
async function* listFiles(root: string, prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
  const cut = prefix.lastIndexOf('/') + 1;
  yield* walk(root, prefix.slice(0, cut), prefix);
}

async function* walk(
  root: string,
  folder: string,
  prefix: string,
): AsyncGenerator<{ key: string; bytes: number }> {
  const entries = (await ifThere(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  const keys = entries
    .filter(({ name }) => folder !== '' || name !== STAGING)
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .filter((key) => key.startsWith(prefix) || prefix.startsWith(key))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const key of keys) {
    if (key.endsWith('/')) yield* walk(root, key, prefix);
    else if (key.startsWith(prefix)) yield* fileEntry(root, key);
  }
}

async function* fileEntry(root: string, key: string): AsyncGenerator<{ key: string; bytes: number }> {
  const found = await statFile(join(root, key));
  if (found !== undefined) yield { key, bytes: found.size };
}

/** `undefined` for what is not there, also when something on the way is a file and no folder. */
async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
