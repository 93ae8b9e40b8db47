import type { Machine } from './machine.ts';
import type { Spread } from './stats.ts';

/** Result of a run, as stored in JSON. Seconds and megabytes (10^6 bytes). */
export interface Report {
  readonly machine: Machine;
  /** True for the sizes of the targets, false for the quick ones. */
  readonly full: boolean;
  readonly repetitions: number;
  readonly seconds: number;
  readonly groups: readonly Group[];
}

/** One row of the table of targets. */
export interface Group {
  readonly name: string;
  readonly title: string;
  /** Size of the workload: rows and bytes. */
  readonly size: string;
  readonly contestants: readonly Contestant[];
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly Verdict[];
  /** Figures that do not come from a measured process. */
  readonly facts?: readonly Fact[];
  readonly notes: readonly string[];
}

export interface Contestant {
  readonly name: string;
  readonly wall: Spread;
  /** User and system time; absent if this machine cannot measure it. */
  readonly cpu?: Spread | undefined;
  readonly rssMb?: Spread | undefined;
  /** Megabytes of input per second of wall time. */
  readonly throughput?: number | undefined;
}

/** Our time divided by another's; below 1 if we are faster. */
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
