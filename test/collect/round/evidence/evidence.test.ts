import { describe, expect, test } from 'vitest';
import {
  lookWaitSeconds,
  weighEvidence,
  type BatchEvidence,
} from '../../../../src/collect/round/evidence/evidence.ts';
import type { FoundFile } from '../../../../src/collect/round/files/found-file.ts';

type Given = Partial<Omit<BatchEvidence, 'batch' | 'lines'>> & {
  readonly batch?: Partial<NonNullable<BatchEvidence['batch']>>;
  readonly lines?: Partial<BatchEvidence['lines']>;
};

const LATE = 600;

function evidence({ batch, lines, ...given }: Given): BatchEvidence {
  return {
    batch: { phase: 'ended', ending: 'succeeded', counts: undefined, errors: [], ...batch },
    files: [],
    lines: {
      sent: 9,
      rows: 9,
      ok: 9,
      succeeded: lines?.ok ?? 9,
      unexplained: 0,
      broken: 0,
      spent: 0,
      ...lines,
    },
    isSettled: false,
    waitedSeconds: 0,
    lateSeconds: LATE,
    ...given,
  };
}

const file = (state: FoundFile['state']): FoundFile => ({ name: 'output', fileId: 'f', state, received: 1 });
const counts = (succeeded: number, failed: number) => ({ total: 9, succeeded, failed });
const NONE = { rows: 0, ok: 0 };
const SIX = { rows: 6, ok: 6 };

/** Files and counters of a round, the decision at the first look, and the decision at the end of the waiting time. */
const TABLE: readonly (readonly [string, Given, string, string])[] = [
  ['a line for every row', { files: [file('short')] }, 'complete', 'complete'],
  ['a batch that runs on', { batch: { phase: 'running', ending: undefined }, lines: SIX }, 'stop', 'stop'],
  ['no files of a batch that succeeded', { lines: NONE, batch: { counts: counts(9, 0) } }, 'wait', 'stop'],
  ['no files and no counters of a batch that succeeded', { lines: NONE }, 'wait', 'stop'],
  [
    'rows that the counters count and no line has',
    { lines: SIX, batch: { counts: counts(9, 0) } },
    'wait',
    'stop',
  ],
  [
    'rows that the counters count as failed',
    { lines: SIX, batch: { counts: counts(6, 3) } },
    'wait',
    'complete',
  ],
  [
    'a line for each row that the counters count, one of which is no answer',
    { lines: { rows: 6, ok: 5, succeeded: 6 }, batch: { counts: counts(6, 0) } },
    'wait',
    'complete',
  ],
  [
    'rows that the counters do not count',
    { lines: SIX, batch: { counts: counts(6, 0) } },
    'wait',
    'complete',
  ],
  [
    'a body that is no answer, counted as a success, and a row that nothing counts',
    { lines: { rows: 8, ok: 6, succeeded: 7 }, batch: { counts: counts(7, 1) } },
    'wait',
    'complete',
  ],
  [
    'a body that is no answer, counted as a failure, and a success that is not there',
    { lines: { rows: 8, ok: 6, succeeded: 7 }, batch: { counts: counts(7, 2) } },
    'wait',
    'stop',
  ],
  [
    'lines of other rows only',
    { lines: { ...NONE, unexplained: 9 }, files: [file('whole')] },
    'wait',
    'stop',
  ],
  ['lines of other rows, again', { lines: { ...NONE, unexplained: 9, spent: 9 } }, 'complete', 'complete'],
  [
    'a line that is broken and shows its row',
    { lines: { sent: 1, ...NONE, unexplained: 1, broken: 1 } },
    'complete',
    'complete',
  ],
  ['as many unreadable lines as missing rows', { lines: { ...SIX, unexplained: 3 } }, 'complete', 'complete'],
  ['a short file', { lines: { ...SIX, unexplained: 3 }, files: [file('short')] }, 'wait', 'stop'],
  ['a file that is not found', { lines: NONE, files: [file('missing')] }, 'wait', 'stop'],
  [
    'a batch that expired before any row',
    { lines: NONE, batch: { ending: 'expired', counts: counts(0, 0) } },
    'wait',
    'complete',
  ],
  [
    'a batch that expired with all it counts',
    { lines: SIX, batch: { ending: 'expired', counts: counts(6, 0) } },
    'wait',
    'complete',
  ],
  [
    'a batch that expired with less than it counts',
    { lines: SIX, batch: { ending: 'expired', counts: counts(8, 0) } },
    'wait',
    'stop',
  ],
  [
    'a batch that was cancelled, without counters and files',
    { lines: NONE, batch: { ending: 'cancelled' } },
    'wait',
    'complete',
  ],
  [
    'a batch that lost what it had when it was cancelled',
    { lines: NONE, batch: { ending: 'cancelled', counts: counts(5, 0) }, cancelledIsEmpty: true },
    'complete',
    'complete',
  ],
  [
    'zeros for counters of a batch that succeeded',
    { lines: NONE, batch: { counts: counts(0, 0) } },
    'wait',
    'stop',
  ],
  [
    'zeros for counters, and files with too few lines',
    { lines: SIX, files: [file('whole')], batch: { counts: counts(0, 0) } },
    'wait',
    'stop',
  ],
  [
    'counters of another batch',
    { lines: SIX, batch: { counts: { ...counts(6, 3), total: 12 } } },
    'wait',
    'stop',
  ],
  [
    'every row counted as failed, and no file',
    { lines: NONE, batch: { counts: counts(0, 9) } },
    'wait',
    'complete',
  ],
  [
    'a batch whose file was refused',
    { lines: NONE, batch: { ending: 'failed', errors: [{ code: 'c', message: 'm', line: 1 }] } },
    'complete',
    'complete',
  ],
];

describe.each(TABLE)('%s', (_what, given, first, last) => {
  test(`is ${first} at the first look and ${last} at the end of the waiting time`, () => {
    expect(weighEvidence(evidence(given)).next).toBe(first);
    expect(weighEvidence({ ...evidence(given), isSettled: true, waitedSeconds: LATE }).next).toBe(last);
  });
});

/** Evidence that is complete when a second look finds the same bytes, and incomplete at the first look. */
const SETTLING: readonly (readonly [string, Given])[] = [
  [
    'a last line that is cut off, for the row that is missing',
    { lines: { rows: 8, ok: 8, unexplained: 1 }, files: [{ ...file('whole'), isCutOff: true }] },
  ],
  [
    'a part of an expired batch without counters',
    { lines: SIX, files: [file('whole')], batch: { ending: 'expired' } },
  ],
  [
    'a part of an expired batch that counts zeros',
    { lines: SIX, files: [file('whole')], batch: { ending: 'expired', counts: counts(0, 0) } },
  ],
  [
    'nothing of a cancelled batch that counts zeros',
    { lines: NONE, batch: { ending: 'cancelled', counts: counts(0, 0) } },
  ],
];

test.each(SETTLING)('%s is complete when two looks find the same', (_what, given) => {
  expect(weighEvidence(evidence(given)).next).toBe('wait');
  expect(weighEvidence({ ...evidence(given), isSettled: true }).next).toBe('complete');
});

/** Evidence that is complete once the files have not grown for half a minute: the counters promise no further row. */
const UNCOUNTED: readonly (readonly [string, Given])[] = [
  ['rows that the counters do not count', { lines: SIX, batch: { counts: counts(6, 0) } }],
  [
    'rows that the counters do not count, beside a body that is no answer',
    { lines: { rows: 6, ok: 5, succeeded: 6 }, batch: { counts: counts(6, 0) } },
  ],
  [
    'rows that the counters do not count, beside rows with an error',
    { lines: { rows: 7, ok: 6 }, batch: { counts: counts(6, 1) } },
  ],
];

test.each(UNCOUNTED)(
  '%s count as missing after half a minute in which the files did not grow',
  (_, given) => {
    const found = evidence({ ...given, files: [file('whole')] });
    expect(weighEvidence({ ...found, isSettled: true, waitedSeconds: 29 }).next).toBe('wait');
    expect(weighEvidence({ ...found, isSettled: false, waitedSeconds: 31 }).next).toBe('wait');
    expect(weighEvidence({ ...found, isSettled: true, waitedSeconds: 30 }).next).toBe('complete');
  },
);

test('rows that the counters count as failed are waited for longer, because their errors must come', () => {
  const found = evidence({ lines: SIX, batch: { counts: counts(6, 3) }, files: [file('whole')] });
  expect(weighEvidence({ ...found, isSettled: true, waitedSeconds: LATE - 1 }).next).toBe('wait');
});

test('files that still grow at the end of the waiting time stop the shard, with any counters', () => {
  const given = evidence({ lines: SIX, batch: { counts: counts(6, 3) }, files: [file('whole')] });
  expect(weighEvidence({ ...given, waitedSeconds: LATE }).next).toBe('stop');
});

test('a batch that the polls gave up counts as complete', () => {
  expect(weighEvidence({ ...evidence({ lines: NONE }), batch: undefined }).next).toBe('complete');
});

test('the time between looks grows, and the last look is at the end of the waiting time', () => {
  const waits: number[] = [];
  const waited = (): number => waits.reduce((sum, wait) => sum + wait, 0);
  while (waited() < LATE)
    waits.push(lookWaitSeconds(waits.length, waited(), { minSeconds: 15, lateSeconds: LATE }));
  expect(waits).toEqual([15, 30, 60, 120, 240, 135]);
});

test('after the waiting time, a round that waits for a twin does not look more often than before', () => {
  const limits = { minSeconds: 1, lateSeconds: LATE };
  expect(lookWaitSeconds(10, LATE, limits)).toBe(300);
  expect(lookWaitSeconds(10, LATE + 1_000, limits)).toBe(300);
});
