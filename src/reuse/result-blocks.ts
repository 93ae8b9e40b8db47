import { shardKey } from '../checkpoints/keys.ts';
import { isNotOk } from '../jsonl/custom-id.ts';
import { eachRequiredLine, LinesBeside, requiredLines } from '../jsonl/own-lines.ts';
import { frameLines } from '../jsonl/lines.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The merged result files of a shard. */
export interface MergedShard {
  readonly jobId: string;
  readonly shard: number;
  /** Rows of its `dead-letters.jsonl`; 0 if there is none. */
  readonly deadLetters: number;
}

/** Adjacent lines of a shard's results, about {@link BLOCK_BYTES}, with their dead letters. */
interface Block {
  readonly shard: MergedShard;
  /** Position of its first row in the job. */
  readonly row: number;
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  readonly deadStart: number;
  readonly deadEnd: number;
}

/** A block as it is saved: its number of rows, and where its lines and its dead letters end. It begins where the last one ended. */
export type SavedBlock = readonly [rows: number, end: number, deadEnd: number];

/** A row's result line, and its dead letter if it is not ok. */
export interface SettledRow {
  readonly result: Buffer;
  readonly deadLetter: Buffer | undefined;
}

const BLOCK_BYTES = 65_536;
/** Most bytes per read: consecutive blocks, with some gaps. */
const READ_BYTES = 4 * 1_048_576;
const GAP_BYTES = 262_144;
const READS_IN_FLIGHT = 4;

/**
 * Finds the lines of single rows in the merged results of a job's shards. Memory holds one position per 64 KiB; lines are read by
 * ranges, never with one request each.
 */
export class ResultBlocks {
  readonly #store: ObjectStore;
  readonly #blocks: Block[] = [];
  #rows: number;

  /** @param first position of the first row in the job */
  constructor(store: ObjectStore, first = 0) {
    this.#store = store;
    this.#rows = first;
  }

  /**
   * Adds the next shard in order.
   * @param known its blocks, if an earlier call has read its lines
   */
  async add(shard: MergedShard, known?: readonly SavedBlock[]): Promise<readonly SavedBlock[]> {
    const saved = known ?? (await this.#readBlocks(shard));
    let [start, deadStart] = [0, 0];
    for (const [rows, end, deadEnd] of saved) {
      this.#blocks.push({ shard, row: this.#rows, rows, start, end, deadStart, deadEnd });
      this.#rows += rows;
      [start, deadStart] = [end, deadEnd];
    }
    return saved;
  }

  async #readBlocks(shard: MergedShard): Promise<SavedBlock[]> {
    await using letters = shard.deadLetters > 0 ? this.#letters(shard) : undefined;
    const blocks: SavedBlock[] = [];
    let [start, rows, end, deadEnd] = [0, 0, 0, 0];
    const close = (): void => {
      if (rows > 0) blocks.push([rows, end, deadEnd]);
      [start, rows] = [end, 0];
    };
    for await (const lines of requiredLines(this.#store, shardKey(shard, 'results.jsonl'))) {
      for (const line of lines) {
        if (end - start >= BLOCK_BYTES) close();
        if (letters !== undefined && isNotOk(line)) deadEnd += (await letters.next()).value?.length ?? 0;
        rows += 1;
        end += line.length;
      }
    }
    close();
    return blocks;
  }

  /** Approximate size of a row's result line. */
  bytesOf(position: number): number {
    const { start, end, rows } = this.#blockOf(position);
    return Math.ceil((end - start) / rows);
  }

  /**
   * Reads the lines of rows.
   * @throws Error for a position outside all shards
   */
  async read(positions: Iterable<number>): Promise<Map<number, SettledRow>> {
    const wanted = new Set(positions);
    const blocks = [...new Set([...wanted].map((position) => this.#blockOf(position)))];
    const groups = group(blocks.toSorted((a, b) => a.row - b.row));
    const found = await sideBySide(groups, (each) => this.#readGroup(each, wanted), READS_IN_FLIGHT);
    return new Map(found.flat());
  }

  async #readGroup(blocks: readonly Block[], wanted: ReadonlySet<number>): Promise<[number, SettledRow][]> {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (first === undefined || last === undefined) return [];
    const lines = await this.#readLines(first.shard, 'results.jsonl', first.start, last.end);
    const letters = await this.#readLines(first.shard, 'dead-letters.jsonl', first.deadStart, last.deadEnd);
    let letter = 0;
    return lines.flatMap((line, n): [number, SettledRow][] => {
      const deadLetter = letters.length > 0 && isNotOk(line) ? letters[letter++] : undefined;
      const position = first.row + n;
      if (!wanted.has(position)) return [];
      // Copies the lines, because a view of them would keep the whole range in memory.
      return [[position, { result: Buffer.from(line), deadLetter: deadLetter && Buffer.from(deadLetter) }]];
    });
  }

  async #readLines(
    shard: MergedShard,
    file: 'results.jsonl' | 'dead-letters.jsonl',
    start: number,
    end: number,
  ): Promise<Buffer[]> {
    if (end === start) return [];
    const bytes = await this.#store.get(shardKey(shard, file), { start, end });
    if (bytes?.length !== end - start)
      throw new Error(`${this.#store.locate(shardKey(shard, file))} changed while it was read.`);
    const framed = await Array.fromAsync(frameLines(chunksOf(bytes), bytes.length, 'raw'));
    return framed.flat().flatMap(({ bytes: line }) => line ?? []);
  }

  #letters(shard: MergedShard): LinesBeside {
    return new LinesBeside(eachRequiredLine(this.#store, shardKey(shard, 'dead-letters.jsonl')));
  }

  #blockOf(position: number): Block {
    let [from, to] = [0, this.#blocks.length];
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if ((this.#blocks[middle]?.row ?? 0) <= position) from = middle;
      else to = middle;
    }
    const block = this.#blocks[from];
    if (block === undefined || !(position < block.row + block.rows))
      throw new Error(`There is no result of row ${position + 1}, whose answer other rows use.`);
    return block;
  }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Groups blocks of one shard that are read together because the gaps between them are small. */
function group(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const open = groups.at(-1);
    const [first, last] = [open?.[0], open?.at(-1)];
    const isNear =
      first !== undefined &&
      last?.shard === block.shard &&
      block.start - last.end <= GAP_BYTES &&
      block.end - first.start <= READ_BYTES;
    if (isNear) open?.push(block);
    else groups.push([block]);
  }
  return groups;
}
