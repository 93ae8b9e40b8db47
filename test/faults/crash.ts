import type { CallStep } from '../../host/engine.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { BatchProvider } from '../../src/provider/batch-provider.ts';
import type { ObjectStore, ObjectWriter } from '../../src/store/object-store.ts';

/**
 * Counts the effects of steps: everything that they change or request outside of themselves. Fails right after the effect with this number, so
 * that the effect took place and its caller does not learn of it.
 */
export class CrashPoint {
  readonly #at: number;
  /** `die`: as if the machine was switched off. `fail`: the Lambda fails, and the state machine continues. */
  readonly #kind: 'die' | 'fail';
  #effects = 0;
  #dead = false;
  #onTheirWay = 0;
  /** Names of the effects so far. */
  readonly names: string[] = [];
  readonly died: Promise<void>;
  #die: () => void = () => undefined;

  constructor(at: number, kind: 'die' | 'fail') {
    this.#at = at;
    this.#kind = kind;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get effects(): number {
    return this.#effects;
  }

  /** Carries out an effect, and crashes if it has the number. */
  async effect<T>(name: string, carryOut: () => Promise<T>): Promise<T> {
    if (this.#dead) return forever();
    this.#onTheirWay += 1;
    const result = await carryOut().finally(() => {
      this.#onTheirWay -= 1;
      this.#settle();
    });
    if (this.#dead) return forever();
    this.#effects += 1;
    this.names.push(name);
    if (this.#effects !== this.#at) return result;
    if (this.#kind === 'fail') throw new LambdaFailed(`It failed after ${name}.`);
    this.#dead = true;
    this.#settle();
    return forever();
  }

  /** Requests in flight arrive before the process counts as dead: a provider receives them within milliseconds, and a restart takes longer. */
  #settle(): void {
    if (this.#dead && this.#onTheirWay === 0) this.#die();
  }

  calls = (call: CallStep): CallStep => {
    return (step, event) => (this.#dead ? forever() : call(step, event));
  };

  edges = (edges: TaskEdges): TaskEdges => ({
    ...edges,
    store: this.#store(edges.store),
    provider: (settings) => this.#provider(edges.provider(settings)),
    channels: edges.channels.map((channel) => ({
      ...channel,
      deliver: (event) => this.effect(`announce on ${channel.name}`, () => channel.deliver(event)),
    })),
  });

  #store(store: ObjectStore): ObjectStore {
    return {
      ...store,
      // Not an effect: the number of polls depends on the order of the shards.
      put: (key, bytes) =>
        key.endsWith('/progress.json')
          ? store.put(key, bytes)
          : this.effect(`put ${key}`, () => store.put(key, bytes)),
      createIfAbsent: (key, bytes) => this.effect(`create ${key}`, () => store.createIfAbsent(key, bytes)),
      concat: (key, sources, sizes) => this.effect(`join ${key}`, () => store.concat(key, sources, sizes)),
      copy: (key, source) => this.effect(`copy ${key}`, () => store.copy(key, source)),
      delete: (key) => this.effect(`delete ${key}`, () => store.delete(key)),
      write: (key) => this.#writer(key, store.write(key)),
    };
  }

  #writer(key: string, writer: ObjectWriter): ObjectWriter {
    return {
      get bytes() {
        return writer.bytes;
      },
      write: (chunk) => writer.write(chunk),
      close: () => this.effect(`write ${key}`, () => writer.close()),
      abort: () => writer.abort(),
    };
  }

  #provider(provider: BatchProvider): BatchProvider {
    const effect = this.effect.bind(this);
    return {
      uploadFile: (file) => effect(`upload ${file.name}`, () => provider.uploadFile(file)),
      createBatch: (request) => effect('create batch', () => provider.createBatch(request)),
      cancelBatch: (id) => effect('cancel batch', () => provider.cancelBatch(id)),
      send: (endpoint, body) => effect('send a row', () => provider.send(endpoint, body)),
      deleteFile: (id) => effect('delete file', () => provider.deleteFile(id)),
      findFile: (name) => provider.findFile(name),
      fileBytes: (id) => provider.fileBytes(id),
      findFiles: (name) => provider.findFiles(name),
      findBatch: (wanted) => provider.findBatch(wanted),
      findBatches: (wanted) => provider.findBatches(wanted),
      ...(provider.listUnmarked && { listUnmarked: provider.listUnmarked.bind(provider) }),
      // Not an effect: the number of polls depends on the order of the shards.
      getBatch: (id) => provider.getBatch(id),
      async *download(id, options) {
        let isFirst = true;
        for await (const chunk of provider.download(id, options)) {
          // Counts only the first chunk, because the number of chunks depends on the connection.
          if (isFirst) yield await effect('download a part', () => Promise.resolve(chunk));
          else yield chunk;
          isFirst = false;
        }
      },
    };
  }
}

/** The error that Step Functions reports for a Lambda that ended without a result. */
class LambdaFailed extends Error {
  override readonly name = 'Lambda.Unknown';
}

/** The result of a call in a process that is dead: a promise that never settles. */
function forever<T>(): Promise<T> {
  return new Promise(() => undefined);
}
