import { learnShape, matchShape, type Learn, type Shape } from './shape.ts';
import type { Spans } from './splice.ts';

/** Shapes that are tried at most: every one that does not fit costs its common beginning. */
const MAX_SHAPES = 16;

/** Lines that are looked at before a file whose lines have nothing in common is left alone. */
const TRIED_LINES = 1_000;

/** A shape with what its lines become; `undefined` for one whose lines go the long way. */
interface Known<T> {
  readonly shape: Shape;
  /** Made once: an object for each line would cost a tenth of a build. */
  readonly match: ShapeMatch<T> | undefined;
}

/** A line whose shape is known. */
export interface ShapeMatch<T> {
  readonly use: T;
  /** Where its slots are: the start and the end of each. */
  readonly spans: Spans;
}

/** The shapes met so far in a file, most recently used first. */
export class Shapes<T> {
  readonly #learn: Learn;
  readonly #compile: (shape: Shape) => T | undefined;
  readonly #known: Known<T>[] = [];
  #matched = 0;
  #missed = 0;
  readonly #spans = new Int32Array(128);

  /** @param compile what the lines of a shape become; `undefined` when they must go the long way */
  constructor(learn: Learn, compile: (shape: Shape) => T | undefined) {
    this.#learn = learn;
    this.#compile = compile;
  }

  /** What becomes of a line in valid UTF-8, if its shape is known. The spans are overwritten by the next call. */
  find(line: Buffer): ShapeMatch<T> | undefined {
    const known = this.#known;
    for (let n = 0; n < known.length; n += 1) {
      const candidate = known[n] as Known<T>;
      if (!matchShape(candidate.shape, line, this.#spans)) continue;
      this.#matched += 1;
      if (n > 0) {
        known.splice(n, 1);
        known.unshift(candidate);
      }
      return candidate.match;
    }
    this.#missed += 1;
    return undefined;
  }

  /** Learns from a line that went the long way and came through. */
  learn(line: Buffer): void {
    if (this.#isFull() || matchesAny(this.#known, line, this.#spans)) return;
    const shape = learnShape(line, this.#learn);
    if (shape === undefined || !matchShape(shape, line, this.#spans)) return;
    const use = this.#compile(shape);
    this.#known.push({ shape, match: use === undefined ? undefined : { use, spans: this.#spans } });
  }

  #isFull(): boolean {
    const missed = this.#missed > TRIED_LINES && this.#missed > this.#matched;
    if (missed) this.#known.length = 0;
    return missed || this.#known.length >= MAX_SHAPES;
  }
}

function matchesAny(known: readonly { shape: Shape }[], line: Buffer, spans: Int32Array): boolean {
  return known.some(({ shape }) => matchShape(shape, line, spans));
}
