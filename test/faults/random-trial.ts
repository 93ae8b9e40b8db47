import type { BatchAction, ContentAction, Fault, RouteAction, RowAction } from '../../simulator/faults.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { readJobLedger } from '../../src/checkpoints/ledger.ts';
import { approvalObject } from '../../src/checkpoints/pilot.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { builtInDialect, DIALECTS, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { CrashPoint } from './crash.ts';
import { JOB_ID, openTrial, openViolations, unreportedRows, violations, type Trial } from './trial.ts';

/** Pseudorandom numbers in [0, 1) from a seed: mulberry32, public domain. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Dialects that support cancels. At other providers, a batch may run on through no fault of the job. */
const CLEANED = (Object.keys(DIALECTS) as DialectName[]).filter(
  (name) => builtInDialect(name).honours.cancel === true,
);

/** A job of random shape with its faults. */
export interface RandomJob {
  readonly rows: number;
  readonly invalidEvery: number;
  readonly maxRows: number;
  readonly rounds: number;
  readonly dialect: DialectName;
  readonly maxFileBytes: number | undefined;
  readonly faults: readonly Fault[];
  /** Every nth row repeats the request of the row before it. */
  readonly repeatedEvery: number | undefined;
  /** Some jobs have a pilot, a ladder or a budget. */
  readonly more: Pick<ProfileConfig, 'pilot' | 'then' | 'price' | 'budget' | 'maxBad'>;
  /** For each start of the job, the effect at which it crashes. Later starts run without a crash. */
  readonly crashes: readonly { readonly at: number; readonly kind: 'die' | 'fail' }[];
}

const ROUTE_ACTIONS: readonly RouteAction[] = [
  { kind: 'reset' },
  { kind: 'reset', when: 'after' },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502, when: 'after' },
  { kind: 'status', status: 400, when: 'after' },
  { kind: 'status', status: 409, when: 'after' },
  { kind: 'status', status: 429, when: 'after' },
  { kind: 'status', status: 429, code: 'token_limit_exceeded' },
  { kind: 'status', status: 401, code: 'AUTH_1008' },
  { kind: 'html' },
  { kind: 'empty' },
  { kind: 'truncated' },
];
/** Not used for deletes: after these statuses, the file counts as deleted. */
const REFUSALS: readonly RouteAction[] = [
  { kind: 'status', status: 404 },
  { kind: 'status', status: 400 },
];
const ROUTES = ['upload', 'create', 'get', 'list', 'content', 'delete', 'cancel'] as const;
const BATCH_ACTIONS: readonly BatchAction[] = [
  { kind: 'end', as: 'failed', finished: 0.3 },
  { kind: 'end', as: 'expired', finished: 0.6 },
  { kind: 'end', as: 'cancelled', finished: 0.9 },
  { kind: 'invalid', lines: [1], code: 'invalid_request' },
  { kind: 'fail', code: 'server_error' },
  { kind: 'fail', code: 'token_limit_exceeded' },
  { kind: 'no-output' },
  { kind: 'stuck', status: 'in_progress', finished: 0.5 },
  { kind: 'status', status: 'SCHEDULING' },
  { kind: 'counts', counts: { total: 'many' } },
  { kind: 'vanish' },
  { kind: 'hidden', from: 'get', seconds: 1_200 },
  { kind: 'hidden', from: 'list', seconds: 20 },
  { kind: 'hidden', from: 'both', seconds: 1_200 },
  { kind: 'metadata', shown: 'upper case' },
  { kind: 'metadata', shown: 'cut' },
  { kind: 'clock', aheadSeconds: 32_400 },
  { kind: 'clock', aheadSeconds: -32_400 },
  { kind: 'late', shows: 'no-id', seconds: 300 },
  { kind: 'late', shows: 'growing', seconds: 300 },
  { kind: 'late', shows: 'foreign', seconds: 300 },
];
const ROW_ACTIONS: readonly RowAction[] = [
  { kind: 'error', code: 'INFERENCE_3107' },
  { kind: 'error', code: 'INFERENCE_3207' },
  { kind: 'error', code: 'BILLING_2003' },
  { kind: 'drop' },
  { kind: 'duplicate' },
  { kind: 'unknown' },
  { kind: 'empty' },
  { kind: 'string-body' },
  { kind: 'status-zero' },
  { kind: 'rename', as: 'upper' },
  { kind: 'rename', as: 'padded' },
  { kind: 'unreadable' },
  { kind: 'garbled' },
  { kind: 'poison', message: 'Line {line}: Invalid JSON' },
  { kind: 'poison', message: 'An image is too small.' },
];
const CONTENT_ACTIONS: readonly ContentAction[] = [
  { kind: 'no-last-newline' },
  { kind: 'crlf' },
  { kind: 'bom' },
  { kind: 'blank-lines' },
  { kind: 'invalid-utf8' },
  { kind: 'non-object' },
  { kind: 'truncated-body' },
  { kind: 'early-close' },
  { kind: 'breaks', afterBytes: 0 },
  { kind: 'breaks', afterBytes: 500 },
  { kind: 'ignores-range' },
  { kind: 'wrong-range' },
  { kind: 'refuses-range' },
  { kind: 'grows' },
  { kind: 'reorders' },
];

export function randomJob(seed: number): RandomJob {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const oneOf = <T>(items: readonly [T, ...T[]] | readonly T[]): T => items[below(items.length)] as T;
  const fault = (): Fault => {
    const times = 1 + below(4);
    switch (below(4)) {
      case 0: {
        const at = oneOf(ROUTES);
        return {
          at,
          action: oneOf(at === 'delete' ? ROUTE_ACTIONS : [...ROUTE_ACTIONS, ...REFUSALS]),
          times,
        };
      }
      case 1:
        return { at: 'batch', nth: 1 + below(4), action: oneOf(BATCH_ACTIONS) };
      case 2:
        return { at: 'row', every: 1 + below(7), action: oneOf(ROW_ACTIONS), times };
      default:
        return { at: 'content', action: oneOf(CONTENT_ACTIONS), times };
    }
  };
  return {
    rows: 1 + below(40),
    invalidEvery: 2 + below(12),
    maxRows: 1 + below(20),
    rounds: 1 + below(4),
    dialect: oneOf(CLEANED),
    maxFileBytes: below(5) === 0 ? 300 + below(1_000) : undefined,
    faults: Array.from({ length: below(5) }, fault),
    crashes: Array.from({ length: below(3) }, () => ({
      at: 1 + below(80),
      kind: oneOf(['die', 'fail'] as const),
    })),
    // Drawn last, so that the other parts of each seed's job stay the same.
    repeatedEvery: below(3) === 0 ? 2 + below(5) : undefined,
    more: {
      ...(below(3) === 0 && {
        pilot: { rows: 1 + below(12), maxBad: oneOf([0, 0.3, 0.9]), approve: below(3) === 0 },
      }),
      ...(below(3) === 0 && { then: oneOf(LADDERS) }),
      ...(below(3) === 0 && {
        price: PRICE,
        budget: { max: 1e6, maxPerMonth: 1e6 },
        maxBad: oneOf([0.2, 0.9]),
      }),
      // Each answer has one token, which costs one euro.
      ...(below(5) === 0 && { price: PRICE, budget: { max: 1 + below(20) } }),
    },
  };
}

const PRICE = { inputPerMillion: 1, outputPerMillion: 1_000_000, currency: 'EUR' };

const LADDERS: readonly NonNullable<ProfileConfig['then']>[] = [
  [{ model: 'big-model' }],
  [
    { model: 'big-model', rounds: 1 },
    { model: 'biggest-model', for: ['exhausted', 'denied', 'unavailable'] },
  ],
];

/** Position of the row whose request the row has. */
function askedBy(n: number, { repeatedEvery }: RandomJob): number {
  return repeatedEvery !== undefined && n > 0 && n % repeatedEvery === 0 ? n - 1 : n;
}

/** Checks that a job that ended after its pilot paid only for the pilot, and approves the job. */
async function paidBesidePilot(trial: Trial): Promise<readonly string[]> {
  const { edges, simulator } = trial;
  const { pilot, failure } = (await trial.end()).summary ?? {};
  if (failure?.name !== 'PilotStopped' || pilot === undefined) return [];
  await approvalObject.write(edges.store, JOB_ID, { decision: 'approved', at: '' });
  const answered = simulator.answersPerRow().size;
  return answered <= pilot.rows
    ? []
    : [`${answered} rows are paid for, and the pilot of ${pilot.rows} rows ended the job`];
}

/**
 * Checks the budget. The paid answers may exceed it by at most one shard, and by the answers that the provider lost, which nobody
 * could count. Raises the budget if it stopped the job.
 */
async function paidBeyondBudget(trial: Trial, { maxRows }: RandomJob): Promise<readonly string[]> {
  const { edges, simulator } = trial;
  const job = await jobObject.read(edges.store, JOB_ID);
  const ledger = await readJobLedger(edges.store, JOB_ID);
  const max = (ledger?.limits ?? job?.profile.budget)?.max;
  const { failure, unexplained } = (await trial.end()).summary ?? {};
  if (job === undefined || max === undefined) return [];
  const paid = [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0);
  const bound = max + maxRows + unreportedRows(simulator) + (unexplained?.paidTwice ?? 0);
  const { spent = 0 } = ledger ?? {};
  if (failure?.code === 'BUDGET_EXCEEDED') await changeOverrides(trial, { budget: { max: 1e6 } });
  return [
    ...(paid > bound
      ? [`${paid} answers of 1 EUR are paid for with a budget of ${max} EUR, beyond ${bound} EUR`]
      : []),
    ...(spent > max + maxRows + 1 ? [`the ledger has ${spent} EUR with a budget of ${max} EUR`] : []),
  ];
}

/** Removes the limit of bad rows if it stopped the job: each resume would send one more shard and stop again. */
async function letBadRowsPass(trial: Trial): Promise<void> {
  if ((await trial.end()).summary?.failure?.code === 'TOO_MANY_BAD_ROWS')
    await changeOverrides(trial, { maxBad: undefined });
}

/** Changes the overrides of the job. They apply from the next resume. */
async function changeOverrides({ edges }: Trial, changed: ProfileConfig): Promise<void> {
  const job = await jobObject.require(edges.store, JOB_ID);
  await jobObject.write(edges.store, JOB_ID, { ...job, overrides: { ...job.overrides, ...changed } });
}

/** Reservations that are left although nothing runs any more. */
async function unsettled({ edges }: Trial): Promise<readonly string[]> {
  const reserved = Object.keys((await readJobLedger(edges.store, JOB_ID))?.open ?? {});
  return reserved.length === 0 ? [] : [`money is reserved for ${reserved.join(', ')}`];
}

/** Most starts of a job. Each start uses up some of the faults and crashes. */
const MAX_STARTS = 12;

/** A longer trial counts as hanging. Looking for a vanished batch takes a minute and a half of a busy core. */
const MAX_MS = 900_000;

/**
 * Runs the job of this seed to its end.
 * @returns the violations
 */
export async function runRandomJob(seed: number): Promise<readonly string[]> {
  const job = randomJob(seed);
  const ids = Array.from({ length: job.rows }, (_, n) => `q${n}`);
  const input = ids
    .map((id, n) => ({
      custom_id: id,
      ...((n + 1) % job.invalidEvery !== 0 && { prompt: `echo:${askedBy(n, job)}` }),
    }))
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
  await using trial = await openTrial({
    input,
    seed: seed % 1_000,
    dialect: job.dialect,
    faults: job.faults,
    profile: {
      rounds: job.rounds,
      shardLimits: { maxRows: job.maxRows },
      provider: `${job.dialect}-simulator`,
      polling: { minSeconds: 1, maxSeconds: 5 },
      retryWaitSeconds: 1,
      ...job.more,
    },
    ...(job.maxFileBytes !== undefined && { maxFileBytes: job.maxFileBytes }),
  });
  const hasKeys = builtInDialect(job.dialect).adapter !== 'anthropic';
  const started = performance.now();
  for (let start = 0; start < MAX_STARTS; start += 1) {
    const crash = job.crashes[start];
    const point = crash && new CrashPoint(crash.at, crash.kind);
    await trial.run(point && { wrap: point.edges, wrapCalls: point.calls, died: point.died });
    if (performance.now() - started > MAX_MS) return ['it takes too long'];
    const beyond = await paidBeyondBudget(trial, job);
    if (beyond.length > 0) return beyond;
    await letBadRowsPass(trial);
    const status = (await trial.end()).summary?.status;
    if (status === 'succeeded' || status === 'partial')
      return [...(await violations(trial, ids, hasKeys)), ...(await unsettled(trial))];
    const paid = await paidBesidePilot(trial);
    if (paid.length > 0) return paid;
  }
  // A batch that never shows its promised files is paid for: the job waits for a resume and reports the batch.
  const { open = [] } = (await trial.end()).summary ?? {};
  if (open.length === 0) return ['it never came to its end'];
  return [...(await violations(trial, ids, hasKeys)), ...(await openViolations(trial))];
}
