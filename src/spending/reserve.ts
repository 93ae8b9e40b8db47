import type { Reservation, Spending } from '../checkpoints/ledger.ts';
import { money } from './price.ts';

/**
 * Result of a reservation. `wait`: other reservations may still decrease. `over`: the amount does not fit even if they do.
 * `first`: another round must end first.
 */
export type Reserved = 'reserved' | 'wait' | 'over' | 'first';

/** The most that can be spent, including reservations. `certain` excludes reservations that will still be corrected. */
export function committed({ spent, open }: Spending): { readonly total: number; readonly certain: number } {
  const sum = (among: readonly Reservation[]): number =>
    among.reduce((total, { amount }) => total + amount, spent);
  const all = Object.values(open);
  return { total: money(sum(all)), certain: money(sum(all.filter(({ held }) => held === true))) };
}

/** True if a round is running whose cost is not reported yet. */
export function hasRunning({ open }: Spending): boolean {
  return Object.values(open).some(({ held }) => held !== true);
}

/**
 * Decides whether an amount fits into the rest of a limit. Reservations of other rounds may still decrease; spent money does not.
 */
export function weigh(spending: Spending, amount: number, max: number | undefined): Reserved {
  if (max === undefined) return 'reserved';
  const { total, certain } = committed(spending);
  if (money(certain + amount) > max) return 'over';
  return money(total + amount) > max ? 'wait' : 'reserved';
}

export function withReservation<State extends Spending>(
  spending: State,
  name: string,
  reservation: Reservation,
): State {
  return { ...spending, open: { ...spending.open, [name]: reservation } };
}

/** Replaces a reservation by the actual cost. */
export function withSpent<State extends Spending>(spending: State, name: string, amount: number): State {
  const { [name]: _settled, ...open } = spending.open;
  return { ...spending, spent: money(spending.spent + amount), open };
}
