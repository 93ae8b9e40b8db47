import type { CallStep } from '../../host/engine.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { BatchProvider } from '../../src/provider/batch-provider.ts';
import type { ObjectStore, ObjectWriter } from '../../src/store/object-store.ts';

/**
 * Counts everything that steps do outside of themselves, and fails them right after the one of this number: it took
 * place, and nobody was told.
 */
export class CrashPoint {
  readonly #at: number;
  /** `die`: as if the machine was switched off. `fail`: the Lambda fails, and its machine goes on. */
  readonly #kind: 'die' | 'fail';
  #effects = 0;
  #dead = false;
  #onTheirWay = 0;
  /** Each effect's name. */
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

  /** Carries out an effect, and strikes if it was the one. */
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

  /** What was on its way arrives: a provider takes a request within milliseconds, and nobody comes back sooner. */
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
      tell: (event) => this.effect(`tell ${channel.name}`, () => channel.tell(event)),
    })),
  });

  #store(store: ObjectStore): ObjectStore {
    return {
      ...store,
      // How often a batch is polled depends on which shard is asked first.
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
      // Asks only: how often depends on which shard is asked first.
      getBatch: (id) => provider.getBatch(id),
      async *download(id, options) {
        let isFirst = true;
        for await (const chunk of provider.download(id, options)) {
          // Only one: into how many parts a file comes is the connection's affair.
          if (isFirst) yield await effect('download a part', () => Promise.resolve(chunk));
          else yield chunk;
          isFirst = false;
        }
      },
    };
  }
}

/** Named as Step Functions names a Lambda that ended without a word. */
class LambdaFailed extends Error {
  override readonly name = 'Lambda.Unknown';
}

/** What a process that is no more answers. */
function forever<T>(): Promise<T> {
  return new Promise(() => undefined);
}
