import { createHash } from 'node:crypto';
import { InvalidInput, StoreUnavailable } from '../../src/errors.ts';
import { changedObject } from '../../src/store/changed-object.ts';
import type {
  ObjectInfo,
  ObjectStore,
  ObjectWriter,
  OpenObject,
  OpenOptions,
} from '../../src/store/object-store.ts';

/**
 * A store in memory, for tests that run jobs by the hundred. It behaves like the other stores (`memory-store.test.ts`).
 * @param chunkBytes most bytes per chunk of a body. Default: as a folder reads its files.
 * @param objects the objects, which a test may read and change
 */
export function createMemoryStore(chunkBytes = 65_536, objects = new Map<string, Buffer>()): ObjectStore {
  const locate = (key: string): string => `memory:${key}`;
  const put = (key: string, bytes: Uint8Array | string): void => void objects.set(key, Buffer.from(bytes));
  /** An object with the requested part of its bytes. */
  const part = (key: string, { start = 0, end, etag }: OpenOptions = {}): Part | undefined => {
    const whole = objects.get(key);
    if (whole !== undefined && etag !== undefined && infoOf(whole).etag !== etag)
      throw changedObject(locate(key));
    return whole && { whole, bytes: whole.subarray(start, end) };
  };
  const existing = (key: string): Buffer => {
    const bytes = objects.get(key);
    if (bytes === undefined) throw new InvalidInput(`There is no ${locate(key)}.`);
    return bytes;
  };
  const join = (sources: readonly string[], sizes: readonly number[] = []): Buffer =>
    Buffer.concat(
      sources.map((source, n) => {
        const [bytes, size] = [existing(source), sizes[n]];
        if (size !== undefined && size > bytes.length)
          throw new StoreUnavailable(`${locate(source)} changed while it was joined.`);
        return bytes.subarray(0, size);
      }),
    );
  return {
    url: 'memory:',
    locate,
    get: async (key, options) => part(key, options)?.bytes,
    open: async (key, options) => openPart(part(key, options), chunkBytes),
    put: async (key, bytes) => put(key, bytes),
    async createIfAbsent(key, bytes) {
      if (objects.has(key)) return false;
      put(key, bytes);
      return true;
    },
    write: (key) => new MemoryWriter(locate(key), (bytes) => void objects.set(key, bytes)),
    concat: async (key, sources, sizes) => void objects.set(key, join(sources, sizes)),
    copy: async (key, source) => put(key, existing(source)),
    async stat(key) {
      const bytes = objects.get(key);
      return bytes && infoOf(bytes);
    },
    async *list(prefix, { after } = {}) {
      const listed = [...objects.keys()].filter((key) => key.startsWith(prefix));
      for (const key of listed.toSorted(byBytes)) {
        const bytes = objects.get(key);
        if (bytes === undefined || (after !== undefined && byBytes(key, after) <= 0)) continue;
        const { mark, writtenAt } = infoOf(bytes);
        yield { key, bytes: bytes.length, mark, writtenAt };
      }
    },
    delete: async (key) => void objects.delete(key),
  };
}

interface Part {
  readonly whole: Buffer;
  readonly bytes: Buffer;
}

/** Facts about each version of an object. Each write creates a new buffer. */
const infos = new WeakMap<Buffer, ObjectInfo & { readonly etag: string }>();

/** The marks depend only on the bytes, like the ETag of S3, so that two builds of the same input are equal. */
function infoOf(bytes: Buffer): ObjectInfo & { readonly etag: string } {
  const known = infos.get(bytes);
  if (known !== undefined) return known;
  const etag = createHash('md5').update(bytes).digest('hex');
  const info = { bytes: bytes.length, mark: etag, writtenAt: Date.now(), etag };
  infos.set(bytes, info);
  return info;
}

/** Compares keys by their UTF-8 bytes. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function openPart(part: Part | undefined, chunkBytes: number): OpenObject | undefined {
  if (part === undefined) return undefined;
  let isClosed = false;
  async function* body(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      if (isClosed) throw new Error('The object was closed.');
      yield bytes.subarray(at, at + chunkBytes);
    }
  }
  return { bytes: part.whole.length, body: body(part.bytes), close: () => void (isClosed = true) };
}

class MemoryWriter implements ObjectWriter {
  bytes = 0;
  #isClosed = false;
  readonly #pieces: Buffer[] = [];
  readonly #where: string;
  readonly #put: (bytes: Buffer) => void;

  constructor(where: string, put: (bytes: Buffer) => void) {
    this.#where = where;
    this.#put = put;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#isClosed) return this.#refuse();
    const piece = Buffer.from(chunk);
    this.bytes += piece.length;
    this.#pieces.push(piece);
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return this.#refuse();
    this.#isClosed = true;
    this.#put(Buffer.concat(this.#pieces));
  }

  async abort(): Promise<void> {
    this.#isClosed = true;
  }

  #refuse(): Promise<never> {
    return Promise.reject(new Error(`${this.#where} was closed before this write.`));
  }
}
