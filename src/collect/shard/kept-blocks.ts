import { endPrefix, type EndRef } from '../../checkpoints/ending.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { ownLines } from '../../jsonl/own-lines.ts';
import type { SavedBlock } from '../../reuse/result-blocks.ts';
import type { ObjectStore } from '../../store/object-store.ts';

interface ShardBlocks {
  readonly shard: number;
  readonly blocks: readonly SavedBlock[];
}

/**
 * Blocks of shards' results that the calls of one end of a job have read, so that no call has to read the results of all shards
 * again. Nothing is stored if one call is enough.
 */
export class KeptBlocks {
  readonly #store: ObjectStore;
  readonly #end: EndRef;
  readonly #known = new Map<number, readonly SavedBlock[]>();
  /** The blocks that this call has read. */
  readonly #fresh: ShardBlocks[] = [];
  /** Number of files of earlier calls. */
  #files = 0;

  private constructor(store: ObjectStore, end: EndRef) {
    this.#store = store;
    this.#end = end;
  }

  /**
   * Opens the kept blocks of a job's end.
   * @param isAgain true if an earlier call of this end may have kept some
   */
  static async open(store: ObjectStore, end: EndRef, isAgain: boolean): Promise<KeptBlocks> {
    const kept = new KeptBlocks(store, end);
    if (isAgain) while (await kept.#load()) kept.#files += 1;
    return kept;
  }

  find(shard: number): readonly SavedBlock[] | undefined {
    return this.#known.get(shard);
  }

  add(shard: number, blocks: readonly SavedBlock[]): void {
    this.#fresh.push({ shard, blocks });
  }

  /** Stores what this call has read, for the next one. */
  async save(): Promise<void> {
    if (this.#fresh.length === 0) return;
    const writer = this.#store.write(this.#key);
    try {
      for (const each of this.#fresh) await writer.write(jsonLine(each));
      await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /**
   * Reads the next file of kept positions.
   * @returns false if there is no further file
   */
  async #load(): Promise<boolean> {
    const files = await ownLines(this.#store, this.#key);
    if (files === undefined) return false;
    for await (const lines of files) {
      for (const line of lines) {
        const { shard, blocks } = JSON.parse(line.toString('utf8')) as ShardBlocks;
        this.#known.set(shard, blocks);
      }
    }
    return true;
  }

  get #key(): string {
    return `${endPrefix(this.#end)}blocks-${this.#files + 1}.jsonl`;
  }
}
