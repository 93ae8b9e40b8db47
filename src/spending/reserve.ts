import type { Reservation, Spending } from '../checkpoints/ledger.ts';
import { money } from './price.ts';

/**
 * Whether money was reserved; `wait`: reservations may become less; `over`: it does not fit, whatever becomes of them; `first`:
 * another round has to end first.
 */
export type Reserved = 'reserved' | 'wait' | 'over' | 'first';

/** What a spending may come to, reservations included; `certain`: without those that are still corrected. */
export function committed({ spent, open }: Spending): { readonly total: number; readonly certain: number } {
  const sum = (among: readonly Reservation[]): number =>
    among.reduce((total, { amount }) => total + amount, spent);
  const all = Object.values(open);
  return { total: money(sum(all)), certain: money(sum(all.filter(({ held }) => held === true))) };
}

/** Whether a round runs whose cost is not reported yet. */
export function hasRunning({ open }: Spending): boolean {
  return Object.values(open).some(({ held }) => held !== true);
}

/** Whether an amount fits into what a limit leaves. Reservations of other rounds may become less; the spent money does not. */
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

/** Takes a reservation away, and counts what it came to. */
export function withSpent<State extends Spending>(spending: State, name: string, amount: number): State {
  const { [name]: _settled, ...open } = spending.open;
  return { ...spending, spent: money(spending.spent + amount), open };
}
