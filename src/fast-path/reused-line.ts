/** Longest line whose view is kept, in bytes. */
const MAX_KEPT = 8_192;

/**
 * Memory for one line after the other. A view of a buffer costs as much as a short line itself, and lines of a file have few
 * lengths: the views are kept.
 */
export class ReusedLine {
  bytes = Buffer.allocUnsafeSlow(65_536);
  readonly #views: (Buffer | undefined)[] = [];

  /** The memory, with room for so many bytes. What was in it may be lost. */
  room(bytes: number): Buffer {
    if (bytes > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(2 * bytes);
      this.#views.length = 0;
    }
    return this.bytes;
  }

  /** The first bytes of the memory, until they are written anew. */
  view(length: number): Buffer {
    if (length > MAX_KEPT) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }
}
