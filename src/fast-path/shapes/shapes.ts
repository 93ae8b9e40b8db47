import { learnShape, matchShape, type Learn, type Shape } from './shape.ts';
import type { Spans } from './splice.ts';

/** Most shapes to try. Each shape that does not match costs a comparison of the common beginning. */
const MAX_SHAPES = 16;

/** Lines to learn from before giving up on a file whose lines have no common shape. */
const TRIED_LINES = 1_000;

/** A shape with its result; the result is `undefined` if its lines must go through the rules. */
interface Known<T> {
  readonly shape: Shape;
  /** Created once per shape: an object per line would take a tenth of a build's time. */
  readonly match: ShapeMatch<T> | undefined;
}

/** A line with a known shape. */
export interface ShapeMatch<T> {
  readonly use: T;
  /** Positions of its slots: start and end of each. */
  readonly spans: Spans;
}

/** The shapes found so far in a file, most recently used first. */
export class Shapes<T> {
  readonly #learn: Learn;
  readonly #compile: (shape: Shape) => T | undefined;
  readonly #known: Known<T>[] = [];
  #matched = 0;
  #missed = 0;
  readonly #spans = new Int32Array(128);

  /** @param compile returns how lines of a shape are processed; `undefined` if they must go through the rules */
  constructor(learn: Learn, compile: (shape: Shape) => T | undefined) {
    this.#learn = learn;
    this.#compile = compile;
  }

  /** The match of a line in valid UTF-8 if its shape is known. The next call overwrites the spans. */
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

  /** Learns from a line that was processed by the rules without error. */
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
