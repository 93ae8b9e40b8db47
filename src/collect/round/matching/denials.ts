import type { Failure } from '../../../errors.ts';
import type { Failed, RowCodes } from '../../lines/classify-line.ts';
import { deniedBy, whoseDenial } from '../../lines/whose-denial.ts';

/** The denials of a round (401, 402, 403), which concern single rows or the account. */
export class Denials {
  readonly #codes: RowCodes;
  /** Number of rows whose denial does not say what it concerns, and the first of these denials. */
  #unclear = 0;
  #firstUnclear: Failure | undefined;
  /** The first denial that concerns the account: by its code, or because every other row has it. */
  haltedBy: Failure | undefined;

  constructor(codes: RowCodes) {
    this.#codes = codes;
  }

  /**
   * Counts the denial of a row.
   * @param isAnswered true if the row has another line already
   */
  add(denial: Failed, isAnswered: boolean): void {
    const whose = whoseDenial(denial, this.#codes);
    if (whose === 'account') this.haltedBy ??= deniedBy(denial);
    if (whose !== 'unclear') return;
    this.#firstUnclear ??= deniedBy(denial);
    if (!isAnswered) this.#unclear += 1;
  }

  /**
   * Decides about unclear denials: they concern the account if every row has one.
   * @param sent number of requests that were sent
   */
  settle(sent: number): void {
    if (this.#unclear > 0 && this.#unclear === sent) this.haltedBy ??= this.#firstUnclear;
  }
}
