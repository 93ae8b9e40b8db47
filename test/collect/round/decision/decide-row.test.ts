import { describe, expect, test } from 'vitest';
import {
  decideRow,
  lastRoundAfter,
  type RoundDecision,
} from '../../../../src/collect/round/decision/decide-row.ts';

const named = new Map([[3, { code: 'invalid_request', message: 'm', line: 4 }]]);
const rejection = { name: 'ProviderRejected', code: 'INFERENCE_3001', message: 'm' };

function facts(more: Partial<RoundDecision> = {}): RoundDecision {
  return {
    round: 1,
    lastRound: 4,
    halted: false,
    rejection: undefined,
    namedLines: new Map(),
    sent: 10,
    givenBack: false,
    missingError: { code: 'MISSING_RESULT', message: 'm' },
    ...more,
  };
}

describe('a row', () => {
  test.each([
    ['ok', 'ok', facts()],
    ['failed', 'permanent', facts()],
    ['deferred', 'retriable', facts()],
    ['deferred', undefined, facts()],
    ['exhausted', 'retriable', facts({ round: 4 })],
    ['exhausted', undefined, facts({ round: 4 })],
    ['deferred', 'retriable', facts({ round: 4, halted: true })],
    ['deferred', 'halting', facts({ round: 4, halted: true })],
    ['ok', 'ok', facts({ halted: true })],
    ['exhausted', 'retriable', facts({ round: 2, lastForAnswered: 2 })],
    ['deferred', undefined, facts({ round: 2, lastForAnswered: 2 })],
    ['exhausted', 'retriable', facts({ spent: 4 })],
    ['deferred', 'retriable', facts({ spent: 3 })],
    ['deferred', undefined, facts({ spent: 4 })],
    ['deferred', 'retriable', facts({ spent: 4, halted: true })],
    ['deferred', 'retriable', facts({ round: 2, lastForAnswered: 2, halted: true })],
    ['failed', undefined, facts({ namedLines: named })],
    ['ok', 'ok', facts({ namedLines: named })],
    ['failed', undefined, facts({ rejection })],
  ] as const)('is %s when its line is %s', (fate, kind, known) => {
    expect(decideRow(kind, 3, known)).toBe(fate);
  });
});

describe('the last round', () => {
  const after = (more: Partial<RoundDecision>, answered = 0): number =>
    lastRoundAfter(facts(more), { requests: 10, answered }, 4);

  test('is later if a round cost nothing', () => {
    expect(after({})).toBe(4);
    expect(after({ halted: true }, 7)).toBe(5);
    expect(after({ givenBack: true, sent: 0 })).toBe(5);
    expect(after({ namedLines: named })).toBe(5);
    expect(after({ namedLines: named }, 1)).toBe(4);
  });

  test('is not moved for ever', () => {
    expect(after({ halted: true, round: 20, lastRound: 20 })).toBe(20);
    expect(after({ givenBack: true, sent: 0, round: 20, lastRound: 20 })).toBe(20);
  });

  test('moves back while some rows were sent and others still wait', () => {
    expect(after({ sent: 3, round: 40, lastRound: 40 }, 3)).toBe(41);
    expect(after({ sent: 3, round: 40, lastRound: 40, rejection })).toBe(41);
    expect(after({ sent: 3 }, 0)).toBe(4);
  });
});

test('a row that was not sent with the others waits for the next round, with any result of the others', () => {
  expect(decideRow(undefined, 3, facts({ sent: 3, rejection }))).toBe('deferred');
  expect(decideRow(undefined, 2, facts({ sent: 3, rejection }))).toBe('failed');
});
