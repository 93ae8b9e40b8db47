import { describe, expect, test } from 'vitest';
import { estimateCost, isGuess } from '../../src/spending/estimate.ts';
import { costOfModels, moneyText, priceOf } from '../../src/spending/price.ts';

const PRICE = {
  inputPerMillion: 1,
  outputPerMillion: 2,
  currency: 'EUR',
  models: {
    'gpt-4o': { inputPerMillion: 10, outputPerMillion: 20 },
    'glm-4.7:batch': { inputPerMillion: 30, outputPerMillion: 40 },
  },
};

describe('the price of a model', () => {
  test.each([
    ['gpt-4o', 10],
    ['gpt-4o-2024-08-06', 10],
    ['gpt-4o@20240806', 10],
    ['gpt-4o-mini', 1],
    ['gpt-4o-mini-2024-07-18', 1],
    ['glm-4.7', 30],
    ['glm-4.7:batch', 30],
    ['glm-4.7-air', 1],
    [undefined, 1],
  ])('%s costs %i per million', (model, inputPerMillion) => {
    expect(priceOf(PRICE, model).inputPerMillion).toBe(inputPerMillion);
  });

  test('is summed over the models that answered', () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 500_000, energy: 0, credits: 0 };
    const counts = { answers: 1, truncated: 0, refused: 0 };

    expect(
      costOfModels(PRICE, [
        { model: 'gpt-4o', ...counts, ...usage },
        { ...counts, ...usage },
      ]),
    ).toBe(22);
  });
});

describe('an estimate', () => {
  const sending = { rows: 10, inputTokens: 1_000_000 };
  const chat = { price: PRICE, model: 'm', endpoint: '/v1/chat/completions' };

  test.each([
    ['as long as the body lets answers be', { max_tokens: 100_000 }, 3],
    ['by a limit of another name', { max_completion_tokens: 200_000 }, 5],
    ['as long as the requests where the body says nothing', {}, 3],
  ])('expects answers %s', (_name, body, cost) => {
    expect(estimateCost({ ...chat, body }, sending)).toBe(cost);
  });

  test('uses the reported tokens, up to the limit in the body', () => {
    const reported = { answers: 2, outputTokens: 100_000 };

    expect(estimateCost({ ...chat, body: {} }, sending, reported)).toBe(2);
    expect(estimateCost({ ...chat, body: { max_tokens: 10_000 } }, sending, reported)).toBe(1.2);
  });

  test('counts no tokens for answers of endpoints without tokens', () => {
    const embeddings = { ...chat, endpoint: '/v1/embeddings', body: {} };

    expect(estimateCost(embeddings, sending)).toBe(1);
    expect(isGuess(embeddings, { answers: 0, outputTokens: 0 })).toBe(false);
  });

  test('uses the default only while the length of answers is unknown', () => {
    expect(isGuess({ ...chat, body: {} }, { answers: 0, outputTokens: 0 })).toBe(true);
    expect(isGuess({ ...chat, body: {} }, { answers: 1, outputTokens: 5 })).toBe(false);
    expect(isGuess({ ...chat, body: { max_tokens: 1 } }, { answers: 0, outputTokens: 0 })).toBe(false);
  });
});

test.each([
  [0, '0.00 EUR'],
  [12.345, '12.35 EUR'],
  [0.004, '0.004 EUR'],
  [1_234.5, '1234.50 EUR'],
])('%d is shown as %s', (amount, text) => {
  expect(moneyText(amount, 'EUR')).toBe(text);
});
