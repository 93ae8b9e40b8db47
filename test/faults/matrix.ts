import type { Fault, LateOutput, RouteAction } from '../../simulator/faults.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { cutFile, failLambda, hookOnce, slowly } from './file-faults.ts';

/** One fault of a call, a file or a step. */
export interface Case {
  readonly where: string;
  readonly fault: string;
  readonly faults?: readonly Fault[];
  readonly dialect?: 'melious' | 'openai';
  readonly profile?: ProfileConfig;
  readonly maxFileBytes?: number;
  readonly wrap?: (edges: TaskEdges) => TaskEdges;
  /** The rows are so large that the job is built in slices. */
  readonly sliced?: true;
  /** The provider never shows the promised files: the job fails, also after a resume, and reports the batch as open. */
  readonly staysOpen?: true;
  /** Rows that are paid for twice, because their answers came and cannot be read. */
  readonly paidTwice?: number;
  /** Time between the end of the job and its resume. */
  readonly resumedAfterSeconds?: number;
}

const ROUTES = {
  upload: 'upload',
  create: 'create batch',
  get: 'poll',
  list: 'list',
  content: 'download',
  delete: 'delete file',
} as const;

const ANSWERS: readonly (readonly [string, RouteAction])[] = [
  ['connection reset before the call took effect', { kind: 'reset' }],
  ['connection reset after the call took effect', { kind: 'reset', when: 'after' }],
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 1 }],
  ['429 without Retry-After', { kind: 'status', status: 429 }],
  ['500', { kind: 'status', status: 500 }],
  ['502 after the call took effect', { kind: 'status', status: 502, when: 'after' }],
  ['HTML', { kind: 'html' }],
  ['an empty answer', { kind: 'empty' }],
  ['half an answer', { kind: 'truncated' }],
];

/** Each response on each route, once, and more often than a step retries by itself. */
const answers: Case[] = Object.entries(ROUTES).flatMap(([route, where]) =>
  ANSWERS.flatMap(([fault, action]) =>
    [1, 5].map((times) => ({
      where,
      fault: times === 1 ? fault : `${fault}, ${times} times`,
      faults: [{ at: route as keyof typeof ROUTES, action, times }],
    })),
  ),
);

const DENIALS: readonly (readonly [string, RouteAction])[] = [
  ['the key is refused (401)', { kind: 'status', status: 401, code: 'AUTH_1008' }],
  ['the credit is exhausted (402)', { kind: 'status', status: 402, code: 'BILLING_2003' }],
];

/** The provider denies the account: the job stops, and is resumed after the account works again. */
const denials: Case[] = DENIALS.flatMap(([fault, action]) =>
  (['upload', 'create', 'get'] as const).map((route) => ({
    where: ROUTES[route],
    fault,
    faults: [{ at: route, action }],
  })),
);

const polls: Case[] = (
  [
    ['an unknown status', { kind: 'status', status: 'scheduling' }],
    ['an upper-case status', { kind: 'status', status: 'IN_PROGRESS' }],
    ['no counters', { kind: 'counts', counts: null }],
    ['impossible counters', { kind: 'counts', counts: { total: 1, completed: 99, failed: -1 } }],
    ['a batch stuck in one status', { kind: 'stuck', status: 'validating', finished: 0.5 }],
    ['a batch that vanished', { kind: 'vanish' }],
    ['a 404 now and then', undefined],
  ] as const
).map(([fault, action]) => ({
  where: 'poll',
  fault,
  faults:
    action === undefined
      ? [{ at: 'get', action: { kind: 'status', status: 404 }, times: 3 }]
      : [{ at: 'batch', nth: 1, action }],
}));

const room: Case[] = [
  {
    where: 'create batch',
    fault: 'too many tokens queued (429 token_limit_exceeded), 20 times',
    faults: [
      { at: 'create', action: { kind: 'status', status: 429, code: 'token_limit_exceeded' }, times: 20 },
    ],
  },
  {
    where: 'create batch',
    fault: 'too many tokens queued (the batch fails afterwards), 6 times',
    faults: [{ at: 'batch', action: { kind: 'fail', code: 'token_limit_exceeded' }, times: 6 }],
  },
  {
    where: 'upload',
    fault: 'no room for files (400), 20 times',
    faults: [
      {
        at: 'upload',
        action: { kind: 'status', status: 400, message: 'You have exceeded your file storage quota.' },
        times: 20,
      },
    ],
  },
  { where: 'upload', fault: 'the provider takes only small files (413)', maxFileBytes: 700 },
  {
    where: 'upload',
    fault: 'the provider keeps the first 300 bytes of the file',
    faults: [{ at: 'file', action: { kind: 'cut', bytes: 300 } }],
  },
  {
    where: 'upload',
    fault: 'the provider keeps the first 300 bytes of the file, then the first 500',
    faults: [
      { at: 'file', action: { kind: 'cut', bytes: 300 } },
      { at: 'file', action: { kind: 'cut', bytes: 500 } },
    ],
  },
  ...[0, 300, 1_000_000].map((bytes) => ({
    where: 'upload',
    fault: `the provider reports ${bytes} bytes of every file`,
    faults: [{ at: 'file' as const, action: { kind: 'size' as const, bytes }, times: 'always' as const }],
  })),
  {
    where: 'create batch',
    fault: 'the file just uploaded cannot be found, 3 times',
    faults: [{ at: 'create', action: { kind: 'status', status: 404 }, times: 3 }],
  },
  {
    where: 'create batch',
    fault: 'the file just uploaded is gone',
    faults: [{ at: 'create', action: { kind: 'status', status: 404 }, times: 7 }],
  },
];

const endings: Case[] = (['failed', 'expired', 'cancelled'] as const).flatMap((as) =>
  (['melious', 'openai'] as const).map((dialect) => ({
    where: 'batch',
    fault: `ends as ${as} with half of its rows (${dialect})`,
    dialect,
    faults: [{ at: 'batch', nth: 1, action: { kind: 'end', as, finished: 0.5 } }],
  })),
);

const batches: Case[] = [
  {
    where: 'batch',
    fault: 'succeeds without an output file',
    faults: [{ at: 'batch', nth: 1, action: { kind: 'no-output' } }],
    staysOpen: true,
  },
  {
    where: 'batch',
    fault: 'fails validation and names two lines',
    faults: [{ at: 'batch', nth: 1, action: { kind: 'invalid', lines: [2, 3], code: 'invalid_request' } }],
  },
  {
    where: 'batch',
    fault: 'fails as a whole',
    faults: [{ at: 'batch', nth: 1, action: { kind: 'fail', code: 'server_error' } }],
  },
];

const LATE: readonly (readonly [LateOutput, string])[] = [
  ['no-id', 'does not name its files'],
  ['not-found', 'names files that are not found'],
  ['empty', 'shows empty files'],
  ['short', 'shows half of its files'],
  ['growing', 'still writes its files'],
  ['foreign', 'shows the files of another batch'],
];

/** A batch has ended, and its files are missing, incomplete or of another batch. The job waits for them and pays once. */
const late: Case[] = LATE.flatMap(([shows, fault]) => [
  {
    where: 'late output',
    fault: `the batch ${fault} for 5 minutes`,
    faults: [{ at: 'batch', action: { kind: 'late', shows, seconds: 300 } }],
  },
  {
    where: 'late output',
    fault: `the batch ${fault} for half an hour, and the job is resumed`,
    faults: [{ at: 'batch', action: { kind: 'late', shows, seconds: 1_800 } }],
    resumedAfterSeconds: 1_800,
  },
]);

const SHOWN = { 'upper case': 'in upper case', cut: 'cut off', none: 'not at all' } as const;

const AFTER_CREATE = [400, 401, 403, 405, 409, 410, 413, 422, 501] as const;

/** The batch exists, although the create returned an error. The job finds the batch and pays once. */
const lostCreates: Case[] = [
  ...AFTER_CREATE.map((status) => ({
    where: 'create batch',
    fault: `refused (${status}) after the call took effect`,
    faults: [{ at: 'create', action: { kind: 'status', status, when: 'after' } }] as const,
  })),
  ...[400, 429, 503].map((status) => ({
    where: 'create batch',
    fault: `${status} after the call took effect, and the list lags 20 s behind`,
    faults: [
      { at: 'create', action: { kind: 'status', status, when: 'after' } },
      { at: 'batch', nth: 1, action: { kind: 'hidden', from: 'list', seconds: 20 } },
    ] as const,
  })),
  ...(['upper case', 'cut', 'none'] as const).map((shown) => ({
    where: 'create batch',
    fault: `502 after the call took effect, and the list shows its metadata ${SHOWN[shown]}`,
    faults: [
      { at: 'create', action: { kind: 'status', status: 502, when: 'after' } },
      { at: 'batch', nth: 1, action: { kind: 'metadata', shown } },
    ] as const,
  })),
];

/** A batch exists and is not found. The job looks for it in the list and waits. */
const unseen: Case[] = (
  [
    ['is not found by its id for 20 minutes, and is listed', 'get', 1_200],
    ['is not found by its id nor listed for 20 minutes', 'both', 1_200],
  ] as const
).map(([fault, from, seconds]) => ({
  where: 'poll',
  fault: `a batch ${fault}`,
  faults: [{ at: 'batch', nth: 1, action: { kind: 'hidden', from, seconds } }],
}));

const clocks: Case[] = [9, -9].map((hours) => ({
  where: 'poll',
  fault: `the provider's clock is ${Math.abs(hours)} hours ${hours > 0 ? 'ahead' : 'behind'}`,
  faults: [{ at: 'batch', action: { kind: 'clock', aheadSeconds: hours * 3_600 }, times: 'always' }],
}));

/** A batch past its deadline is cancelled, however often the cancel fails. */
const cancels: Case[] = [500, 409, 405].map((status) => ({
  where: 'cancel',
  fault: `answered with ${status}, 6 times, of a batch that never ends`,
  faults: [
    { at: 'batch', nth: 1, action: { kind: 'stuck', status: 'in_progress', finished: 0.5 } },
    { at: 'cancel', action: { kind: 'status', status }, times: 6 },
  ],
}));

/** Errors that a replica or a gateway returns for a moment. */
const refusals: Case[] = [
  {
    where: 'poll',
    fault: 'refused (400)',
    faults: [{ at: 'get', action: { kind: 'status', status: 400 } }],
  },
  {
    where: 'download',
    fault: 'the file cannot be found, twice',
    faults: [{ at: 'content', action: { kind: 'status', status: 404 }, times: 2 }],
  },
  ...[404, 405].map((status) => ({
    where: 'list',
    fault: `the list does not exist (${status}), 5 times, after a create got no answer`,
    faults: [
      { at: 'create', action: { kind: 'reset', when: 'after' } },
      { at: 'list', action: { kind: 'status', status }, times: 5 },
    ] as const,
  })),
];

const rows: Case[] = (
  [
    ['is in neither file, nor counted', { kind: 'drop' }],
    ['has two lines', { kind: 'duplicate' }],
    ['has a line of an unknown row beside it', { kind: 'unknown' }],
    ['has neither answer nor error', { kind: 'empty' }],
    ['has a body that is a string', { kind: 'string-body' }],
    ['has the status 0', { kind: 'status-zero' }],
    ['fails with a transient error', { kind: 'error', code: 'INFERENCE_3107' }],
    ['fails with a permanent error', { kind: 'error', code: 'INFERENCE_3207' }],
  ] as const
).map(([fault, action]) => ({
  where: 'result line',
  fault: `every third row ${fault}`,
  faults: [{ at: 'row', every: 3, action }],
}));

/** Result lines that belong to no row as they are. */
const oddLines: Case[] = (
  [
    ['comes back under an id in upper case', { kind: 'rename', as: 'upper' }],
    ['comes back under an id with zeros before its number', { kind: 'rename', as: 'padded' }],
    ['is cut in its middle', { kind: 'unreadable' }],
    ['is not JSON', { kind: 'garbled' }],
  ] as const
).map(([fault, action]) => ({
  where: 'result line',
  fault: `every third row ${fault}`,
  faults: [{ at: 'row', every: 3, action }],
  ...(action.kind !== 'rename' && { paidTwice: 3 }),
}));

/** Rows for which the provider rejects their whole file. */
const guilty: Case[] = (
  [
    ['names it in its text only', 'Line {line}: Invalid JSON'],
    ['names it by its id', "The request with custom_id '{id}' is not valid."],
    ['does not name it', 'An image is too small.'],
  ] as const
).map(([fault, message]) => ({
  where: 'batch',
  fault: `fails for a row, and ${fault}`,
  faults: [{ at: 'row', ids: ['q4'], action: { kind: 'poison', message }, times: 'always' }],
}));

const lost: Case = {
  where: 'result line',
  fault: 'every third row is counted and in neither file',
  faults: [{ at: 'row', every: 3, action: { kind: 'lose' } }],
  staysOpen: true,
};

const contents: Case[] = (
  [
    ['no last newline', 'no-last-newline'],
    ['CRLF', 'crlf'],
    ['a BOM', 'bom'],
    ['blank lines', 'blank-lines'],
    ['bytes that are not UTF-8', 'invalid-utf8'],
    ['a line of 5 MB', 'long-line'],
    ['a line that is not an object', 'non-object'],
    ['a body shorter than promised', 'truncated-body'],
    ['a body that ends early as if it were all', 'early-close'],
  ] as const
).map(([fault, kind]) => ({
  where: 'download',
  fault,
  faults: [{ at: 'content', action: { kind } }],
}));

/** Responses to the request for the rest of a file after a broken connection. */
const rests: Case[] = (
  [
    ['a connection that breaks off, and a provider that sends the rest', undefined],
    ['the same, and a provider that sends the whole again', 'ignores-range'],
    ['the same, and a provider that sends another part', 'wrong-range'],
    ['the same, and a provider that has no such range', 'refuses-range'],
    ['the same, and a file that has grown meanwhile', 'grows'],
    ['the same, and a file whose lines have another order by then', 'reorders'],
  ] as const
).map(([fault, kind]) => ({
  where: 'download',
  fault,
  faults: [
    { at: 'content', action: { kind: 'breaks', afterBytes: 700 } },
    ...(kind === undefined ? [] : [{ at: 'content', action: { kind } } as const]),
  ],
}));

const STORE_CALLS = ['get', 'open', 'put', 'createIfAbsent', 'concat', 'copy', 'list', 'stat'] as const;

/** Every seventh call of a method fails, before or after it took effect. */
const stores: Case[] = STORE_CALLS.flatMap((method) =>
  (['before', 'after'] as const).map((when) => ({
    where: 'store',
    fault: `every seventh ${method} gets no answer, ${when} it took effect`,
    wrap: (edges: TaskEdges) => ({ ...edges, store: flaky(edges.store, method, when) }),
  })),
);

function flaky(
  store: ObjectStore,
  method: (typeof STORE_CALLS)[number],
  when: 'before' | 'after',
): ObjectStore {
  let calls = 0;
  const lost = (): StoreUnavailable => new StoreUnavailable(`${method} did not succeed. Try again later.`);
  return new Proxy(store, {
    get(target, name: keyof ObjectStore) {
      const real = target[name];
      if (name !== method || typeof real !== 'function') return real;
      return (...args: unknown[]): unknown => {
        calls += 1;
        const strikes = calls % 7 === 0;
        if (strikes && when === 'before') return refused(method, lost());
        const result = (real as (...given: unknown[]) => unknown).apply(target, args);
        if (!strikes || method === 'list') return result;
        return Promise.resolve(result).then(() => Promise.reject(lost()));
      };
    },
  });
}

/** A list fails during its iteration, every other call at once. */
function refused(method: string, error: Error): unknown {
  if (method !== 'list') return Promise.reject(error);
  return (async function* failing(): AsyncGenerator<never> {
    yield await Promise.reject(error);
  })();
}

const FIRST_REQUESTS = /shards\/00000\/round-1\.requests\.jsonl$/;

const cut =
  (after: RegExp, file = FIRST_REQUESTS) =>
  (edges: TaskEdges): TaskEdges =>
    hookOnce(edges, { key: after, after: cutFile(file) });

/** The requests of a shard differ from the planned ones. They are built again before the shard is paid. */
const damaged: Case[] = [
  { where: 'build', fault: 'requests are cut short after the plan', wrap: cut(/plan\.json$/) },
  { where: 'build', fault: 'the same, of a job in slices', wrap: cut(/plan\.json$/), sliced: true },
  { where: 'upload', fault: 'requests are cut short before it', wrap: cut(/to-run\.json$/) },
  {
    where: 'upload',
    fault: 'requests of the second round are cut short before it',
    faults: [{ at: 'row', every: 3, action: { kind: 'error', code: 'INFERENCE_3107' } }],
    wrap: cut(/round-1\.collected\.json$/, /round-2\.requests\.jsonl$/),
  },
];

const SLICE_FILES = [
  ['a slice has noted its rows', /slice-000001\.notes\.jsonl$/],
  ['a slice has recorded its notes', /slice-000001\.noted\.json$/],
  ['the shards are cut as far as time allows', /build\/cut\.json$/],
  ['the cut into shards is recorded', /build\/division\.json$/, 1],
  ['a slice has saved its position', /slice-000000\.state\.json$/],
  ['a slice has built its shards', /slice-000000\.built\.json$/],
] as const;

/** A build in slices, in which each call stops early and one of them fails. */
const slices: Case[] = SLICE_FILES.map(([when, key, skip = 0]) => ({
  where: 'build',
  fault: `the Lambda fails when ${when}`,
  sliced: true,
  wrap: (edges) => slowly(hookOnce(edges, { key, skip, after: failLambda })),
}));

export const CASES: readonly Case[] = [
  ...damaged,
  ...slices,
  ...answers,
  ...denials,
  ...polls,
  ...lostCreates,
  ...unseen,
  ...clocks,
  ...cancels,
  ...refusals,
  ...room,
  ...endings,
  ...late,
  ...batches,
  ...guilty,
  ...rows,
  ...oddLines,
  lost,
  ...contents,
  ...rests,
  ...stores,
];
