import { replaceablePart } from './json-around.ts';

/** The replacement of a secret in texts. */
export const SCRUBBED = '[secret]';

/** Returns the replacement for a secret of this length. */
export type Mark = (length: number) => string;

/** A replacement with the length of the secret, so that a file keeps its length. */
export const markOfLength: Mark = (length) =>
  length < SCRUBBED.length ? '*'.repeat(length) : SCRUBBED.padEnd(length, '*');

/** Copies a text, and replaces parts of it, from the first to the last. */
export class Replacement {
  readonly text: string;
  readonly #mark: Mark;
  #written: string;
  #done: number;

  /** @param from index before which the text stays unchanged */
  constructor(text: string, from: number, mark: Mark) {
    this.text = text;
    this.#mark = mark;
    this.#written = text.slice(0, from);
    this.#done = from;
  }

  /** Index up to which the text is copied. */
  get done(): number {
    return this.#done;
  }

  /** Replaces a part, unless it is a number or begins in a part that is copied. */
  replace(start: number, end: number): void {
    const part = start < this.#done ? undefined : replaceablePart(this.text, { start, end });
    if (part === undefined) return;
    this.#written += this.text.slice(this.#done, part.start) + this.#mark(part.end - part.start);
    this.#done = part.end;
  }

  /**
   * Ends the replacement.
   * @returns the whole text
   */
  finish(): string {
    return this.#written + this.text.slice(this.#done);
  }
}
