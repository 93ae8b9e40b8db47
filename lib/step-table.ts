import { INPUT_PREFIX } from '../src/keys.ts';

/** What one step needs. Key patterns are those of the bucket's layout (`src/keys.ts`). */
export interface StepNeeds {
  /** Lambda memory. 1,769 MiB is one vCPU; steps that only wait for an answer make do with 256. */
  readonly memoryMib: number;
  readonly timeoutMinutes: number;
  /** Scratch space in /tmp; Lambda gives 512 MiB by itself. */
  readonly scratchGib?: number;
  /** Talks to the provider, so it may read its key. */
  readonly provider?: true;
  /** Reads objects. */
  readonly reads?: readonly string[];
  /** Reads the very version that was dropped. */
  readonly readsVersions?: readonly string[];
  /** Writes small objects as a whole. */
  readonly puts?: readonly string[];
  /** Writes large objects in parts, and drops them when it fails. */
  readonly streams?: readonly string[];
  readonly deletes?: readonly string[];
}

const INPUTS = `${INPUT_PREFIX}*`;
const JOBS = 'jobs/*';
const OUTPUTS = 'output/*';

const TALKING = { memoryMib: 256, timeoutMinutes: 2, provider: true } as const;
const MOVING_ROWS = { memoryMib: 1_769, timeoutMinutes: 15 } as const;

/** Every step: a file of `lambdas/`, a Lambda function with a role of its own, and (but the first) a Task. */
export const STEPS = {
  'start-job': {
    memoryMib: 256,
    timeoutMinutes: 2,
    reads: [JOBS, 'output/*/summary.json'],
    // The summary: where the answer goes when a dropped file asks for what cannot be.
    puts: [JOBS, 'output/*/summary.json'],
  },
  'build-requests': {
    ...MOVING_ROWS,
    readsVersions: [INPUTS],
    reads: [JOBS],
    streams: [JOBS],
    // What a resume lifts.
    deletes: ['jobs/*/stop.json', 'jobs/*/shards/*/stopped.json'],
  },
  'upload-file': {
    memoryMib: 1_024,
    timeoutMinutes: 15,
    provider: true,
    reads: [JOBS],
    puts: [JOBS],
  },
  'create-batch': { ...TALKING, reads: [JOBS], puts: [JOBS] },
  'poll-batch': TALKING,
  'cancel-batch': TALKING,
  // Scratch space: the provider's output is in any order, and is put into the input's order there.
  'collect-results': { ...MOVING_ROWS, scratchGib: 10, provider: true, reads: [JOBS], streams: [JOBS] },
  'write-results': {
    ...MOVING_ROWS,
    reads: [JOBS, OUTPUTS],
    streams: [JOBS, OUTPUTS],
    deletes: ['output/*/dead-letters.jsonl'],
  },
} as const satisfies Readonly<Record<string, StepNeeds>>;

export type StepName = keyof typeof STEPS;
