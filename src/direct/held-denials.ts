import type { Failure } from '../errors.ts';

/** After this many consecutive denied rows, the denial concerns the account. */
const MAX_DENIED = 8;

/**
 * Holds rows whose denial has only a status, until it is clear whether the account or the row is denied. Any row with another
 * answer shows that each denial concerned its own row; then these answers are kept. Otherwise the rows are sent again once the
 * account is fixed.
 */
export class HeldDenials {
  #lines: string[] = [];
  #failure: Failure | undefined;

  /**
   * Holds back the line of a row that was denied.
   * @returns why the account is denied, once enough consecutive rows were denied
   */
  add(line: string, failure: Failure): Failure | undefined {
    this.#lines.push(line);
    this.#failure ??= failure;
    return this.#lines.length >= MAX_DENIED ? this.#failure : undefined;
  }

  /** The first of the held denials. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Returns the lines of the rows that were denied themselves. Call it when another row was answered in another way. */
  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#failure = undefined;
    return lines;
  }
}
