/** Longest line whose view is kept, in bytes. */
const MAX_KEPT = 8_192;

/**
 * Memory that is reused for each line. Creating a view of a buffer costs as much as copying a short line, and the lines of a file
 * have few different lengths, so the views are kept.
 */
export class ReusedLine {
  bytes = Buffer.allocUnsafeSlow(65_536);
  readonly #views: (Buffer | undefined)[] = [];

  /** The memory, with at least this many bytes. Its content may be lost. */
  room(bytes: number): Buffer {
    if (bytes > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(2 * bytes);
      this.#views.length = 0;
    }
    return this.bytes;
  }

  /** The first bytes of the memory. They are valid until the memory is written again. */
  view(length: number): Buffer {
    if (length > MAX_KEPT) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }
}
