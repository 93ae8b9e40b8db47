import { createScrub, markOfLength, tracesOf } from './scrub-secrets.ts';

/** A file in which nothing of a secret was for so many bytes is searched for long traces only, which takes a third of the time. */
const QUIET_BYTES = 4 * 1_048_576;

/**
 * Takes secrets out of a file as it streams by. A mark is as long as what it stands for: the file keeps its length, which is
 * compared with what the provider promised. A chunk without a trace of a secret passes as it is.
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
  /** How many bytes at the end may be the beginning of a secret that continues in the next chunk. */
  begunAtEnd(bytes: Buffer): number;
}

/** @returns undefined where there is nothing to hide */
function scrubberOf(secrets: readonly string[]): Scrubber | undefined {
  const { all, long } = tracesOf(secrets);
  if (all.length === 0) return undefined;
  const every = new TraceSearch(all);
  const quick = new TraceSearch(long);
  const scrub = createScrub(secrets, markOfLength);
  let quiet = 0;
  return {
    take(bytes) {
      const search = quiet < QUIET_BYTES ? every : quick;
      quiet = search.isIn(bytes) ? 0 : quiet + bytes.length;
      // Read as Latin-1, a text has the length of its bytes.
      return quiet === 0 ? Buffer.from(scrub(bytes.toString('latin1')), 'latin1') : bytes;
    },
    begunAtEnd: (bytes) => every.begunAtEnd(bytes),
  };
}

/** So many bytes decide how far the search skips. */
const BLOCK = 2;
const BLOCKS = 65_536;

/**
 * Searches for many texts at once (Wu and Manber): looks at two bytes, and skips as far as no text can begin. Searching for each
 * text by itself would take as long as collecting the file does.
 */
class TraceSearch {
  readonly #traces: readonly Buffer[];
  /** 1 for the first two bytes of each trace: most places begin none. */
  readonly #begins = new Uint8Array(BLOCKS);
  /** Bytes of the longest trace, and of the shortest. */
  readonly #longest: number;
  readonly #window: number;
  /** How far to skip, by the last two bytes of the window. */
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
      // Within the bounds both bytes are there; a default value would take half of the time.
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

  /** How many bytes at the end may be the beginning of a trace that continues in the next chunk, including a whole trace that they cut. */
  begunAtEnd(bytes: Buffer): number {
    const begun = this.#earliest(bytes, this.#longest - 1, (trace, left) => left < trace.length);
    if (begun === 0) return 0;
    const isCut = (trace: Buffer, left: number): boolean =>
      left - trace.length < begun && left >= trace.length;
    return Math.max(begun, this.#earliest(bytes, 2 * this.#longest, isCut));
  }

  /** @returns bytes from the first of the last so many places at which such a trace is, as far as there are bytes; 0 for none */
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

/** Whether the first so many bytes of a trace are there. A call of `Buffer.compare` takes longer than the bytes that mostly differ at once. */
function isAt(trace: Buffer, length: number, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < length; at += 1) if (trace[at] !== bytes[start + at]) return false;
  return true;
}
