import { markOfLength } from './replacement.ts';
import { createScrub, tracesOf } from './scrub-secrets.ts';

/** After this many bytes without a trace of a secret, only long search texts are used, which takes a third of the time. */
const QUIET_BYTES = 4 * 1_048_576;

/**
 * Removes secrets from a file as it streams. A replacement has the length of the secret, so that the file keeps the length that
 * the provider promised. A chunk without a trace of a secret stays unchanged.
 */
export async function* scrubStream(
  chunks: AsyncIterable<Buffer>,
  secrets: readonly string[],
): AsyncGenerator<Buffer> {
  const scrubber = scrubberOf(secrets);
  if (scrubber === undefined) {
    yield* chunks;
    return;
  }
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = bytes.length - scrubber.begunAtEnd(bytes);
    held = bytes.subarray(end);
    if (end > 0) yield scrubber.take(bytes.subarray(0, end));
  }
  if (held.length > 0) yield scrubber.take(held);
}

interface Scrubber {
  take(bytes: Buffer): Buffer;
  /** Number of bytes at the end that may begin a secret which continues in the next chunk. */
  begunAtEnd(bytes: Buffer): number;
}

/**
 * Makes the function that removes these secrets from the chunks of a file.
 * @returns undefined if there is nothing to hide
 */
function scrubberOf(secrets: readonly string[]): Scrubber | undefined {
  const { all, long } = tracesOf(secrets);
  if (all.length === 0) return undefined;
  const every = new TraceSearch(all);
  const quick = new TraceSearch(long);
  const scrub = createScrub(secrets, markOfLength);
  let quiet = 0;
  let before: Buffer = Buffer.alloc(0);
  return {
    take(bytes) {
      const search = quiet < QUIET_BYTES ? every : quick;
      quiet = search.isIn(bytes) ? 0 : quiet + bytes.length;
      const from = before.length;
      // Read as Latin-1, a text has as many characters as bytes.
      const scrubbed = quiet === 0 ? scrub(before.toString('latin1') + bytes.toString('latin1'), from) : '';
      before = lastOf(before, bytes);
      return quiet === 0 ? Buffer.from(scrubbed.slice(from), 'latin1') : bytes;
    },
    begunAtEnd: (bytes) => every.begunAtEnd(bytes),
  };
}

/** Number of bytes before a chunk that are read as its context: they may begin an escape, or a longer token. */
const CONTEXT_BYTES = 64;

function lastOf(before: Buffer, bytes: Buffer): Buffer {
  const last = bytes.length < CONTEXT_BYTES ? Buffer.concat([before, bytes]) : bytes;
  return Buffer.from(last.subarray(-CONTEXT_BYTES));
}

/** Number of bytes that decide how far the search skips. */
const BLOCK = 2;
const BLOCKS = 65_536;

/**
 * Searches for many texts at once (Wu-Manber): reads two bytes, and skips all positions at which no text can begin. Searching for
 * each text separately would take as long as collecting the file.
 */
class TraceSearch {
  readonly #traces: readonly Buffer[];
  /** 1 for the first two bytes of each trace. Most positions begin none. */
  readonly #begins = new Uint8Array(BLOCKS);
  /** Length of the longest trace in bytes. */
  readonly #longest: number;
  /** Length of the shortest trace in bytes. */
  readonly #window: number;
  /** Number of bytes to skip, by the last two bytes of the window. */
  readonly #skips = new Uint8Array(BLOCKS);
  /** Traces by the last two bytes of their windows. */
  readonly #ends = new Map<number, Buffer[]>();

  constructor(texts: readonly string[]) {
    const traces = texts.map((text) => Buffer.from(text));
    this.#traces = traces;
    this.#longest = Math.max(...traces.map(({ length }) => length));
    this.#window = Math.min(255, ...traces.map(({ length }) => length));
    this.#skips.fill(this.#window - BLOCK + 1);
    for (const trace of traces) {
      for (let at = BLOCK - 1; at < this.#window; at += 1) {
        const block = trace.readUInt16BE(at - 1);
        this.#skips[block] = Math.min(this.#skips[block] ?? 0, this.#window - 1 - at);
      }
      addTo(this.#ends, trace.readUInt16BE(this.#window - BLOCK), trace);
      this.#begins[trace.readUInt16BE(0)] = 1;
    }
  }

  isIn(bytes: Buffer): boolean {
    const skips = this.#skips;
    const { length } = bytes;
    for (let at = this.#window - 1; at < length;) {
      // Both bytes exist within these bounds. A default value would double the time of this loop.
      const block = ((bytes[at - 1] as number) << 8) | (bytes[at] as number);
      const skip = skips[block] as number;
      if (skip === 0 && this.#beginsAt(bytes, at - this.#window + 1, block)) return true;
      at += skip === 0 ? 1 : skip;
    }
    return false;
  }

  #beginsAt(bytes: Buffer, start: number, block: number): boolean {
    return (this.#ends.get(block) ?? []).some(
      (trace) => start + trace.length <= bytes.length && isAt(trace, trace.length, bytes, start),
    );
  }

  /**
   * Number of bytes at the end that begin a trace which may continue in the next chunk, including a whole trace that would be
   * cut, or whose next byte is not known yet.
   */
  begunAtEnd(bytes: Buffer): number {
    const begun = this.#earliest(bytes, this.#longest, (trace, left) => left <= trace.length);
    if (begun === 0) return 0;
    const isCut = (trace: Buffer, left: number): boolean =>
      left - trace.length < begun && left >= trace.length;
    return Math.max(begun, this.#earliest(bytes, 2 * this.#longest, isCut));
  }

  /**
   * Finds the first trace that begins near the end of some bytes.
   * @returns the number of bytes from the first wanted trace within the last `last` positions to the end; 0 if there is none
   */
  #earliest(bytes: Buffer, last: number, isWanted: (trace: Buffer, left: number) => boolean): number {
    const isThere = (trace: Buffer, left: number): boolean =>
      isWanted(trace, left) && isAt(trace, Math.min(left, trace.length), bytes, bytes.length - left);
    for (let left = Math.min(last, bytes.length); left > 0; left -= 1) {
      if (left > 1 && this.#begins[bytes.readUInt16BE(bytes.length - left)] === 0) continue;
      if (this.#traces.some((trace) => isThere(trace, left))) return left;
    }
    return 0;
  }
}

function addTo(traces: Map<number, Buffer[]>, at: number, trace: Buffer): void {
  traces.set(at, [...(traces.get(at) ?? []), trace]);
}

/**
 * True if the first `length` bytes of a trace are at the position. A loop, because `Buffer.compare` costs more than comparing
 * bytes that mostly differ at once.
 */
function isAt(trace: Buffer, length: number, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < length; at += 1) if (trace[at] !== bytes[start + at]) return false;
  return true;
}
