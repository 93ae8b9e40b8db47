import { numberText } from '../../exact-json.ts';
import { NumberSurvey, type Numbers } from './number-survey.ts';

/** Statistics about the vectors of embeddings. */
export interface Vectors {
  readonly count: number;
  /** Each dimension with its number of vectors. */
  readonly dimensions: readonly (readonly [length: number, vectors: number])[];
  /** The vectors' norms; 1 if they are normalised. */
  readonly norms: Numbers | undefined;
}

const MAX_LENGTHS = 10;

/** Adds vectors: lists of numbers, or base64 of 32-bit floats. */
export class VectorSurvey {
  readonly #dimensions = new Map<number, number>();
  readonly #norms = new NumberSurvey();
  #count = 0;

  add(vector: unknown): void {
    const numbers = readVector(vector);
    if (numbers === undefined) return;
    this.#count += 1;
    const seen = this.#dimensions.get(numbers.length);
    if (seen !== undefined || this.#dimensions.size < MAX_LENGTHS)
      this.#dimensions.set(numbers.length, (seen ?? 0) + 1);
    let sum = 0;
    for (const number of numbers) sum += number * number;
    this.#norms.add(Math.sqrt(sum));
  }

  /**
   * The statistics of the vectors so far.
   * @returns undefined when there were no vectors
   */
  result(): Vectors | undefined {
    if (this.#count === 0) return undefined;
    return { count: this.#count, dimensions: [...this.#dimensions], norms: this.#norms.result() };
  }
}

function readVector(vector: unknown): (ArrayLike<number> & Iterable<number>) | undefined {
  if (Array.isArray(vector)) return vector.map(toNumber);
  if (typeof vector !== 'string') return undefined;
  const bytes = Buffer.from(vector, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, n) => bytes.readFloatLE(4 * n));
}

/** Returns a plain number unchanged, because converting it to text would take as long as reading the vector. */
const toNumber = (value: unknown): number =>
  typeof value === 'number' ? value : Number(numberText(value) ?? Number.NaN);
