import type { Machine } from './machine.ts';
import type { Spread } from './stats.ts';

/** What a run came to, as it is kept in JSON. Seconds and megabytes (10^6 bytes). */
export interface Report {
  readonly machine: Machine;
  /** The sizes of the targets, not the quick ones. */
  readonly full: boolean;
  readonly repetitions: number;
  readonly seconds: number;
  readonly groups: readonly Group[];
}

/** One row of the table of targets. */
export interface Group {
  readonly name: string;
  readonly title: string;
  /** How much was done: rows and bytes. */
  readonly size: string;
  readonly contestants: readonly Contestant[];
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly Verdict[];
  /** Figures that are no measured process. */
  readonly facts?: readonly Fact[];
  readonly notes: readonly string[];
}

export interface Contestant {
  readonly name: string;
  readonly wall: Spread;
  /** User and system time; absent where this machine cannot tell. */
  readonly cpu?: Spread | undefined;
  readonly rssMb?: Spread | undefined;
  /** Megabytes of input in a second of wall time. */
  readonly throughput?: number | undefined;
}

/** Our time over another's, below 1 where we are faster. */
export interface Comparison {
  readonly ours: string;
  readonly against: string;
  readonly wall: Spread;
  readonly cpu?: Spread | undefined;
}

export interface Verdict {
  readonly target: string;
  readonly reached: string;
  readonly met: boolean;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}
