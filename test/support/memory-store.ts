import type { ObjectStore, ObjectWriter, OpenOptions } from '../../src/store/object-store.ts';

/**
 * A store in memory that returns objects in chunks of the given number of bytes, for tests that build a job hundreds of times.
 */
export function createMemoryStore(chunkBytes: number, objects = new Map<string, Buffer>()): ObjectStore {
  const get = (key: string, { start = 0, end }: OpenOptions = {}): Buffer | undefined =>
    objects.get(key)?.subarray(start, end);
  const put = (key: string, bytes: Uint8Array | string): void => void objects.set(key, Buffer.from(bytes));
  return {
    url: 'memory:',
    locate: (key) => `memory:${key}`,
    get: (key, options) => Promise.resolve(get(key, options)),
    open(key, options) {
      const bytes = get(key, options);
      const whole = objects.get(key)?.length ?? 0;
      return Promise.resolve(
        bytes && { bytes: whole, body: inChunks(bytes, chunkBytes), close: () => undefined },
      );
    },
    put: (key, bytes) => Promise.resolve(put(key, bytes)),
    createIfAbsent(key, bytes) {
      if (objects.has(key)) return Promise.resolve(false);
      put(key, bytes);
      return Promise.resolve(true);
    },
    write: (key) => new MemoryWriter((bytes) => put(key, bytes)),
    concat: (key, sources, sizes = []) =>
      Promise.resolve(
        put(
          key,
          Buffer.concat(
            sources.map((each, n) => objects.get(each)?.subarray(0, sizes[n]) ?? Buffer.alloc(0)),
          ),
        ),
      ),
    copy: (key, source) => Promise.resolve(put(key, objects.get(source) ?? Buffer.alloc(0))),
    stat(key) {
      const bytes = objects.get(key)?.length;
      return Promise.resolve(bytes === undefined ? undefined : { bytes, mark: `${bytes}`, writtenAt: 0 });
    },
    async *list(prefix, { after = '' } = {}) {
      for (const key of [...objects.keys()].toSorted())
        if (key.startsWith(prefix) && key > after)
          yield { key, bytes: objects.get(key)?.length ?? 0, mark: '', writtenAt: 0 };
    },
    delete: (key) => Promise.resolve(void objects.delete(key)),
  };
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

class MemoryWriter implements ObjectWriter {
  bytes = 0;
  readonly #pieces: Buffer[] = [];
  readonly #put: (bytes: Buffer) => void;

  constructor(put: (bytes: Buffer) => void) {
    this.#put = put;
  }

  write(chunk: Uint8Array | string): undefined {
    const piece = Buffer.from(chunk);
    this.bytes += piece.length;
    this.#pieces.push(piece);
  }

  close(): Promise<void> {
    this.#put(Buffer.concat(this.#pieces));
    return Promise.resolve();
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }
}
