import { JOB_STATES } from '../../src/status/job-states.ts';
import * as z from 'zod';

/** The fields that docs/command-line.md promises for each type of line that `--json` prints. */

const counts = z.strictObject({
  ok: z.int(),
  failed: z.int(),
  exhausted: z.int(),
  invalid_output: z.int(),
  invalid: z.int(),
});
const input = z.strictObject({ key: z.string(), version: z.string().optional() });
const reading = z.strictObject({
  key: z.string(),
  version: z.string().optional(),
  format: z.string(),
  encoding: z.string(),
  delimiter: z.string().optional(),
  columns: z.array(z.string()).optional(),
  ignoredColumns: z.int().optional(),
  emptyRows: z.int().optional(),
  notices: z.array(z.string()),
});
const failure = z.strictObject({ name: z.string(), code: z.string(), message: z.string() });
const problem = z.strictObject({
  line: z.int(),
  custom_id: z.string(),
  code: z.string(),
  message: z.string(),
});
const jobId = z.string();
const status = z.enum(JOB_STATES);

const overview = {
  jobId,
  status,
  profile: z.string(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
};

const shard = z.strictObject({
  shard: z.int(),
  state: z.enum(['waiting', 'running', 'stopped', 'done']),
  rows: z.int(),
  counts,
  progress: z
    .strictObject({
      round: z.int(),
      batchId: z.string(),
      status: z.string(),
      succeeded: z.int().optional(),
      total: z.int().optional(),
      polledAt: z.iso.datetime(),
      nextPollAt: z.iso.datetime(),
    })
    .optional(),
});

const awsCost = z.strictObject({
  transitions: z.number(),
  events: z.strictObject({ job: z.number(), shard: z.number() }),
  lambdaCalls: z.number(),
  lambdaGbSeconds: z.number(),
  s3Writes: z.number(),
  s3Reads: z.number(),
  usd: z.strictObject({
    stepFunctions: z.number(),
    lambda: z.number(),
    s3: z.number(),
    storage: z.number(),
    egress: z.number(),
    logs: z.number(),
    events: z.number(),
    total: z.number(),
  }),
  resultsUsdPerMonth: z.number(),
});

const pilot = z.strictObject({
  state: z.enum(['running', 'waiting', 'passed', 'approved', 'failed', 'rejected', 'unanswered']),
  rows: z.int(),
  counts: counts.optional(),
  until: z.string().optional(),
  reason: z.string().optional(),
  results: z.string().optional(),
  report: z.string().optional(),
});

const withoutPilot = z.strictObject({ rows: z.int(), pilotRows: z.int() });

export const LINE_SCHEMAS = {
  plan: z.strictObject({
    type: z.literal('plan'),
    requests: z.array(z.looseObject({ custom_id: z.string() })),
    answered: z.int().optional(),
    deduplicated: z.int().optional(),
    reused: z
      .strictObject({
        rows: z.int(),
        from: z.array(z.strictObject({ jobId: z.string(), rows: z.int() })),
        usage: z.looseObject({ inputTokens: z.number(), outputTokens: z.number() }),
      })
      .optional(),
    hasMore: z.literal(true).optional(),
    skipped: z.strictObject({ count: z.number(), keys: z.array(z.string()) }).optional(),
    profile: z.string(),
    provider: z.string(),
    endpoint: z.string(),
    model: z.string().optional(),
    rows: z.int(),
    invalid: z.int(),
    inputTokens: z.int(),
    inputs: z.array(reading),
    shards: z.array(
      z.strictObject({
        deduplicated: z.int().optional(),
        reused: z.int().optional(),
        rows: z.int(),
        invalid: z.int(),
        requests: z.int(),
        bytes: z.int(),
      }),
    ),
    problems: z.array(problem),
    failure: failure.optional(),
    batches: z.array(
      z.strictObject({
        endsAfter: z.number(),
        polls: z.array(z.number()),
        aws: awsCost,
      }),
    ),
    direct: z.strictObject({ calls: z.int(), aws: awsCost }).optional(),
    pricesAsOf: z.string(),
    price: z
      .strictObject({
        inputPerMillion: z.number(),
        outputPerMillion: z.number(),
        currency: z.string(),
        input: z.number(),
        mostOutput: z.number().optional(),
      })
      .optional(),
    room: z
      .strictObject({
        tokens: z.int().optional(),
        slots: z.int().optional(),
        ahead: z.int(),
        secondsPerBatch: z.number(),
        isMeasured: z.boolean(),
        seconds: z.number(),
      })
      .optional(),
    disk: z
      .strictObject({
        input: z.int(),
        requests: z.int(),
        answers: z.int(),
        free: z.number().optional(),
      })
      .optional(),
  }),
  started: z.strictObject({
    type: z.literal('started'),
    jobId,
    state: z.enum(['started', 'resumed', 'running', 'cancelling', 'finished']),
  }),
  cancelled: z.strictObject({ type: z.literal('cancelled'), jobId, state: z.literal('cancelling') }),
  forgotten: z.strictObject({
    type: z.literal('forgotten'),
    jobId,
    deleted: z.int(),
    inputs: z.array(z.string()),
    copies: z.array(z.strictObject({ jobId, rows: z.int() })),
    rows: z.int().optional(),
    reusedFrom: z.array(z.string()),
  }),
  judged: z.strictObject({
    type: z.literal('judged'),
    jobId,
    state: z.enum(['approved', 'rejected']),
  }),
  overview: z.strictObject({ type: z.literal('overview'), ...overview }),
  job: z.strictObject({
    type: z.literal('job'),
    ...overview,
    inputs: z.array(input),
    simulated: z.literal(true).optional(),
    provider: z.string().optional(),
    model: z.string().optional(),
    endpoint: z.string().optional(),
    rows: z.int().optional(),
    pilot: pilot.optional(),
    withoutPilot: withoutPilot.optional(),
    counts,
    shards: z.strictObject({
      total: z.int(),
      waiting: z.int(),
      running: z.int(),
      stopped: z.int(),
      done: z.int(),
    }),
    openShards: z.array(shard),
    open: z
      .array(z.looseObject({ shard: z.int(), round: z.int(), batchId: z.string().optional() }))
      .optional(),
    failure: failure.optional(),
    advice: z.string().optional(),
    errors: z
      .array(
        z.strictObject({
          outcome: z.string().optional(),
          code: z.string().optional(),
          rows: z.int(),
          orMore: z.literal(true).optional(),
          custom_id: z.string().optional(),
          message: z.string().optional(),
        }),
      )
      .optional(),
    results: z.string().optional(),
    deadLetters: z.string().optional(),
    report: z.string().optional(),
    summary: z.string().optional(),
  }),
  /** `summary.json` has further fields; the promised ones are checked. */
  summary: z.looseObject({
    type: z.literal('summary'),
    jobId,
    status,
    profile: z.string(),
    rows: z.int(),
    counts,
    rounds: z.int(),
    results: z.string().optional(),
    deadLetters: z.string().optional(),
  }),
  file: z.strictObject({
    type: z.literal('file'),
    jobId,
    key: z.string(),
    path: z.string(),
    bytes: z.int(),
  }),
} as const;
