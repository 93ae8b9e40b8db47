import { describe, expect, test } from 'vitest';
import { estimateTextTokens } from '../../src/rows/estimate-tokens.ts';
import { build } from './build.ts';

describe('the tokens of a text', () => {
  // Numbers of tokens from OpenAI's o200k_base and similar tokenizers.
  test.each([
    ['The quick brown fox jumps over the lazy dog.', 10],
    ['In one sentence, why did Lübeck matter to the Hanseatic League?', 14],
    ['1234567890', 4],
    ['日本語の文章です。', 7],
    ['Привет, как дела?', 6],
    ['', 0],
  ])('%j are about %i', (text, tokens) => {
    expect(estimateTextTokens(text)).toBeGreaterThanOrEqual(Math.floor(tokens * 0.6));
    expect(estimateTextTokens(text)).toBeLessThanOrEqual(Math.ceil(tokens * 1.6));
  });
});

test('the JSON around a text and its escapes do not count as tokens', async () => {
  const text = 'Grüße aus Köln "und" Umgebung. ';
  const one = await build(`${JSON.stringify({ prompt: text })}\n`);
  const escaped = await build(
    `${JSON.stringify({ prompt: text }).replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`,
  );

  expect(escaped.plan.inputTokens).toBe(one.plan.inputTokens);
  expect(one.plan.inputTokens).toBeLessThan(25);
});

test('the tokens of many rows are estimated from a sample', async () => {
  const rows = Array.from(
    { length: 3_000 },
    (_, n) => `${JSON.stringify({ prompt: `word ${n} `.repeat(50) })}\n`,
  );
  const { plan } = await build(rows.join(''), { limits: { maxBytes: 10_000_000, maxRows: 5_000 } });

  const exact = 3_000 * (4 + 50 * 3);
  expect(plan.inputTokens).toBeGreaterThan(exact * 0.6);
  expect(plan.inputTokens).toBeLessThan(exact * 1.4);
});
