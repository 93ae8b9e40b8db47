/** Ids per block: 512 KiB. */
const BLOCK = 65_536;

/**
 * Hashes of ids that have come in ascending order, as in most files. An id after all others is new, so nothing is looked up: a
 * look-up waits for memory, and takes three times as long as all else that is done for an id.
 */
export class AscendingIds {
  readonly #blocks: Uint32Array<ArrayBuffer>[] = [];
  #last = '';
  size = 0;

  /** Adds an id if it comes after all others. Otherwise returns false. */
  add(id: string, high: number, low: number): boolean {
    if (id <= this.#last) return false;
    this.#last = id;
    const at = 2 * (this.size % BLOCK);
    if (at === 0) this.#blocks.push(new Uint32Array(2 * BLOCK));
    const block = this.#blocks[this.#blocks.length - 1] as Uint32Array;
    block[at] = high;
    block[at + 1] = low;
    this.size += 1;
    return true;
  }

  /** Passes on all hashes, and frees each block once it is read. */
  moveTo(take: (high: number, low: number) => void): void {
    let left = this.size;
    this.size = 0;
    for (const block of this.#blocks.splice(0)) {
      for (let at = 0; at < block.length && left > 0; at += 2, left -= 1)
        take(block[at] as number, block[at + 1] as number);
      block.buffer.transfer(0);
    }
  }
}
