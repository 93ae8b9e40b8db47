import type { ErrorCount } from '../../checkpoints/counts.ts';
import { Tally } from './tally.ts';

/** Longest example of a custom_id and of a message, in characters. */
const MAX_ID_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 300;

/** Counts rows that are not ok by outcome and code; the first row of each is the example. */
export class ErrorTally {
  readonly #tally = new Tally<ErrorCount>((a, b) => ({ ...a, rows: a.rows + b.rows }));

  add(error: ErrorCount): void {
    // No outcome contains a space, so the names of two errors never collide.
    const name = error.code === undefined ? undefined : `${error.outcome} ${error.code}`;
    this.#tally.add(name, error);
  }

  list(): ErrorCount[] {
    return this.#tally
      .entries()
      .map(([name, error]) => (name === undefined ? { rows: error.rows } : bound(error)));
  }
}

function bound({ custom_id, message, code, ...error }: ErrorCount): ErrorCount {
  return {
    ...error,
    ...(code !== undefined && { code: code.slice(0, 100) }),
    ...(custom_id !== undefined && { custom_id: custom_id.slice(0, MAX_ID_LENGTH) }),
    ...(message !== undefined && { message: message.slice(0, MAX_MESSAGE_LENGTH) }),
  };
}

export function sumErrors(lists: Iterable<readonly ErrorCount[]>): ErrorCount[] {
  const tally = new ErrorTally();
  for (const errors of lists) for (const error of errors) tally.add(error);
  return tally.list();
}
