import type { Failure } from '../errors.ts';

/** So many denied rows in a row are about the account, not about each of them. */
const MAX_DENIED = 8;

/**
 * Rows that were denied by a status alone, until it is known whom that is about: a row that is answered otherwise shows that it
 * was each row's own. Their answers are kept only then; otherwise the rows are sent again once the account is seen to.
 */
export class HeldDenials {
  #lines: string[] = [];
  #failure: Failure | undefined;

  /** @returns why the account is denied, when so many rows were */
  add(line: string, failure: Failure): Failure | undefined {
    this.#lines.push(line);
    this.#failure ??= failure;
    return this.#lines.length >= MAX_DENIED ? this.#failure : undefined;
  }

  /** The first denial of those that are held. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** A row was answered otherwise. @returns the lines of the rows that were denied for themselves */
  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#failure = undefined;
    return lines;
  }
}
