import type { Command } from './measure.ts';
import type { ProgramName } from './programs.ts';

/** What one row of the table is measured by. */
export interface Workload {
  readonly name: string;
  /** What is done, how much of it. */
  readonly what: string;
  readonly ours: Command;
  /** Others doing the same in the same run. */
  readonly others: Readonly<Record<string, Command>>;
  readonly targets: readonly Target[];
}

/** A bound on a ratio to another one's time, or on our peak memory. */
export type Target =
  | { readonly kind: 'at most'; readonly times: number; readonly of: string }
  | { readonly kind: 'faster'; readonly times: number; readonly than: string }
  | { readonly kind: 'memory'; readonly mb: number };

export interface Setting {
  /** A folder for data and results. */
  readonly folder: string;
  /** Of the sizes that the targets are for: 1 with `--full`. */
  readonly scale: number;
  readonly program: (name: ProgramName, ...args: string[]) => Command;
  readonly hasPython: boolean;
  /** Ends with the bench. */
  readonly stack: AsyncDisposableStack;
}

export const atMost = (times: number, of: string): Target => ({ kind: 'at most', times, of });
export const faster = (times: number, than: string): Target => ({ kind: 'faster', times, than });
export const memory = (mb: number): Target => ({ kind: 'memory', mb });
