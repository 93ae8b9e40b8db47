import { describe, expect, test } from 'vitest';
import { decideRow, lastRoundAfter, type RoundFacts } from '../../src/collect/decide-row.ts';

const named = new Map([[3, { code: 'invalid_request', message: 'm', line: 4 }]]);
const refusal = { name: 'ProviderRejected', code: 'INFERENCE_3001', message: 'm' };

function facts(more: Partial<RoundFacts> = {}): RoundFacts {
  return { round: 1, lastRound: 4, halted: false, refusal: undefined, namedLines: new Map(), ...more };
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
    ['failed', undefined, facts({ namedLines: named })],
    ['ok', 'ok', facts({ namedLines: named })],
    ['failed', undefined, facts({ refusal })],
  ] as const)('is %s when its line is %s', (fate, kind, known) => {
    expect(decideRow(kind, 3, known)).toBe(fate);
  });
});

describe('the last round', () => {
  test('moves on when a round cost nothing', () => {
    expect(lastRoundAfter(facts(), 4, 0)).toBe(4);
    expect(lastRoundAfter(facts({ halted: true }), 4, 7)).toBe(5);
    expect(lastRoundAfter(facts({ namedLines: named }), 4, 0)).toBe(5);
    expect(lastRoundAfter(facts({ namedLines: named }), 4, 1)).toBe(4);
  });

  test('does not move on for ever', () => {
    expect(lastRoundAfter(facts({ halted: true, round: 20, lastRound: 20 }), 4, 0)).toBe(20);
  });
});
