import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROWS } from '../../src/checkpoints/outcomes.ts';
import { judgePilot, type PilotEnd } from '../../src/pilot/judge.ts';

const DAY = 86_400_000;
/** The event limit of a job's execution, and the events that one look adds. */
const EVENTS = { most: 25_000, look: 9 };

function judge(given: Partial<PilotEnd> & { readonly ok?: number; readonly bad?: number }) {
  const { ok = 10, bad = 0, ...rest } = given;
  const end = { jobId: 'j', rules: { rows: 10 }, approval: undefined, since: 0, now: 0 };
  return judgePilot({ ...end, counts: { ...NO_ROWS, ok, failed: bad }, ...rest });
}

describe('a pilot', () => {
  test('fails exactly if the share of rows that are not ok is larger than allowed', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(99), (ok, bad, percent) => {
        const { state } = judge({ ok, bad, rules: { rows: 1, maxBad: percent / 100 } });
        expect(state).toBe(100 * bad > percent * (ok + bad) ? 'failed' : 'passed');
      }),
      { examples: [[71, 29, 29]] },
    );
  });

  test.each(['exhausted', 'invalid_output', 'failed'] as const)('counts rows that are %s', (outcome) => {
    const counts = { ...NO_ROWS, ok: 9, [outcome]: 1 };
    expect(judge({ counts, rules: { rows: 10, maxBad: 0.05 } }).state).toBe('failed');
  });

  test.each([
    ['approved', 'approved'],
    ['rejected', 'rejected'],
  ] as const)('that a person has %s is %s, with any number of ok rows', (decision, state) => {
    for (const bad of [0, 10])
      expect(judge({ bad, rules: { rows: 1, maxBad: 0.5 }, approval: { decision, at: '' } })).toMatchObject({
        state,
      });
  });
});

describe('the wait for a person', () => {
  /** Times of the looks during a wait of this number of days. */
  function looks(approvalDays: number): number[] {
    const times: number[] = [];
    for (let now = 0; ;) {
      const judgement = judge({ now, rules: { rows: 1, approvalDays } });
      if (!('waitSeconds' in judgement)) return times;
      expect(Number.isInteger(judgement.waitSeconds) && judgement.waitSeconds > 0).toBe(true);
      now += judgement.waitSeconds * 1_000;
      times.push(now);
    }
  }

  test.each([0.5, 7, 45])('of %f days ends in time and uses a small part of the history', (days) => {
    const times = looks(days);
    expect(times.at(-1)).toBe(days * DAY);
    expect(times.length * EVENTS.look).toBeLessThan(EVENTS.most / 2);
  });

  test('begins with looks every five seconds, and is never longer than an hour', () => {
    const times = looks(7);
    expect(times.slice(0, 3)).toEqual([5_000, 10_000, 15_000]);
    expect(Math.max(...times.slice(1).map((time, n) => time - (times[n] ?? 0)))).toBe(3_600_000);
  });

  test('names the time after which nobody has decided', () => {
    const late = judge({ now: 7 * DAY, rules: { rows: 1, approvalDays: 7 } });
    expect(late).toMatchObject({ state: 'unanswered', code: 'PILOT_NOT_APPROVED' });
    expect('reason' in late && late.reason).toContain('within 7 days');
  });
});
