/** A row on its way to the realtime endpoint. */
export interface DirectRow {
  readonly customId: string;
  readonly body: string;
}

/** A row to send. */
export interface Attempt {
  readonly row: DirectRow;
  /** Number of the attempt, from 1. */
  readonly nth: number;
  /** How often the provider rejected the row, including 429s. */
  readonly rejections: number;
  /** Earliest time of the next call, in milliseconds since 1970. */
  readonly notBefore: number;
  /** Set if it failed while other rows were accepted: its failures then slow down no other row. */
  readonly isOwnFault: boolean;
  /** The last rejection as a line; absent before the first one, and if it is very long. */
  readonly rejection?: string | undefined;
}

/** Limits for the rows that wait in memory for another call, and for their characters. */
const MAX_ROWS = 256;
const MAX_CHARACTERS = 32 * 1_048_576;

/** Rows that wait for another call, each until its own time. */
export class HeldRows {
  readonly #attempts: Attempt[] = [];
  #characters = 0;

  hasRoomFor({ row }: Attempt): boolean {
    return this.#attempts.length < MAX_ROWS && this.#characters + row.body.length <= MAX_CHARACTERS;
  }

  add(attempt: Attempt): void {
    this.#attempts.push(attempt);
    this.#characters += attempt.row.body.length;
  }

  get size(): number {
    return this.#attempts.length;
  }

  /** Takes the row with the fewest attempts left among those that are due. */
  takeDue(now: number): Attempt | undefined {
    const due = this.#attempts.filter(({ notBefore }) => notBefore <= now);
    const next = best(due, (one, other) => one.rejections > other.rejections);
    if (next !== undefined) this.#remove(next);
    return next;
  }

  /** Removes the rows that are due after the given time, and returns their last rejections. */
  giveUp(latest: number): readonly string[] {
    const late = this.#attempts.filter(
      ({ notBefore, rejection }) => notBefore > latest && rejection !== undefined,
    );
    for (const attempt of late) this.#remove(attempt);
    return late.flatMap(({ rejection }) => rejection ?? []);
  }

  #remove(attempt: Attempt): void {
    this.#attempts.splice(this.#attempts.indexOf(attempt), 1);
    this.#characters -= attempt.row.body.length;
  }

  /** The last rejections of the waiting rows. */
  get rejectionLines(): readonly string[] {
    return this.#attempts.flatMap(({ rejection }) => rejection ?? []);
  }

  /** When the next row is due, in milliseconds since 1970; undefined if there is none. */
  get nextDue(): number | undefined {
    return best(this.#attempts, (one, other) => one.notBefore < other.notBefore)?.notBefore;
  }
}

function best(
  attempts: readonly Attempt[],
  isBetter: (one: Attempt, other: Attempt) => boolean,
): Attempt | undefined {
  return attempts.reduce<Attempt | undefined>(
    (found, each) => (found === undefined || isBetter(each, found) ? each : found),
    undefined,
  );
}
