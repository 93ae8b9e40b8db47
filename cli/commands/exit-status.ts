import type { Summary } from '../../src/checkpoints/summary.ts';

/** The exit statuses of the command line. */
export const EXIT = {
  /** Every row is ok. */
  ok: 0,
  /** The job failed. */
  failed: 1,
  /** The command or an option is invalid, or something that it names does not exist. */
  usage: 2,
  /** The job finished, and some rows are not ok. */
  deadLetters: 3,
  /** Interrupted by Ctrl-C: 128 + SIGINT, as in shells. */
  interrupted: 130,
} as const;

const BY_STATUS = {
  succeeded: EXIT.ok,
  empty: EXIT.ok,
  partial: EXIT.deadLetters,
  failed: EXIT.failed,
  cancelled: EXIT.failed,
} as const;

export const exitStatus = ({ status }: Summary): number => BY_STATUS[status];
