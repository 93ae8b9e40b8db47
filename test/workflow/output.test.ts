import { describe, expect, test } from 'vitest';
import type { ProfileConfig } from '../../src/config/config.ts';
import { openWorld, prompts } from './world.ts';

const OUTPUT = {
  schema: {
    type: 'object',
    properties: { sentiment: { enum: ['good', 'mixed', 'bad'] }, topic: { type: 'string' } },
    required: ['sentiment', 'topic'],
    additionalProperties: false,
  },
};
const SENTIMENT = { sentiment: expect.stringMatching(/^(good|mixed|bad)$/) as string };

const rows = (...texts: string[]): string => prompts(texts.length, (n) => texts[n] ?? '');

describe.each<ProfileConfig>([
  { endpoint: '/v1/chat/completions' },
  { endpoint: '/v1/responses', provider: 'openai-simulator', model: 'm' },
])('a profile with an output, at $endpoint', (profile) => {
  const open = () => openWorld(profile.provider === undefined ? {} : { dialect: 'openai' as const });

  test('gets JSON that matches, and reports the answers that do not, with their text', async () => {
    const world = await open();

    const ended = await world.run(rows('fine', '[malformed]', '[truncate]', '[refuse]'), {
      ...profile,
      output: OUTPUT,
    });

    const [fine, malformed, truncated, refused] = ended.results;
    expect(fine).toMatchObject({ ok: true, output: SENTIMENT, finish_reason: 'stop' });
    expect(fine).not.toHaveProperty('text');
    expect(malformed).toMatchObject({
      outcome: 'invalid_output',
      error: { code: 'INVALID_OUTPUT', path: '' },
      text: expect.stringContaining('malformed') as string,
      round: 1,
    });
    expect(truncated).toMatchObject({ error: { code: 'OUTPUT_TRUNCATED' }, finish_reason: 'length' });
    expect(refused).toMatchObject({ error: { code: 'OUTPUT_REFUSED' }, retry: false });
    expect(ended.summary).toMatchObject({
      status: 'partial',
      rounds: 1,
      counts: { ok: 1, failed: 0, exhausted: 0, invalid_output: 3, invalid: 0 },
      truncated: 1,
      refused: 1,
    });
    expect(ended.summary.models.map(({ answers }) => answers)).toEqual([4]);
    expect(ended.deadLetters.map(({ custom_id }) => custom_id)).toEqual(['q1', 'q2', 'q3']);
  });

  test('sends rows again if it says so, but never refused ones', async () => {
    const world = await open();
    const output = { ...OUTPUT, retry: true };

    const ended = await world.run(rows('[malformed-once]', '[truncate-once]', '[refuse]', '[malformed]'), {
      ...profile,
      output,
      rounds: 3,
    });

    expect(ended.results).toMatchObject([
      { ok: true, output: SENTIMENT, round: 2 },
      { ok: true, output: SENTIMENT, round: 2 },
      { outcome: 'invalid_output', error: { code: 'OUTPUT_REFUSED' }, round: 1 },
      { outcome: 'invalid_output', error: { code: 'INVALID_OUTPUT' }, round: 3 },
    ]);
    expect(ended.summary).toMatchObject({ rounds: 3, counts: { ok: 2, invalid_output: 2 } });
    expect(ended.summary.batches.map(({ requests }) => requests)).toEqual([4, 3, 1]);
  });
});

test('an output is also checked if results have the whole body', async () => {
  const world = await openWorld();

  const { results } = await world.run(rows('fine', '[malformed]'), { output: OUTPUT, resultShape: 'body' });

  expect(results).toMatchObject([
    { ok: true, output: SENTIMENT, body: { object: 'chat.completion' } },
    { outcome: 'invalid_output', body: { object: 'chat.completion' } },
  ]);
});

test('truncated and refused answers are counted without an output, too', async () => {
  const world = await openWorld();

  const { results, summary } = await world.run(rows('fine', '[truncate]', '[refuse]', '[refuse] too'));

  expect(summary).toMatchObject({ status: 'succeeded', truncated: 1, refused: 2 });
  expect(results[2]).toMatchObject({ ok: true, text: null, refusal: 'I cannot help with that.' });
});

test('an invalid schema in a job request ends the job before anything is sent', async () => {
  const world = await openWorld();

  const { summary } = await world.run(rows('fine'), { output: { schema: { type: 'strange' } } });

  expect(summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidRequest' } });
  expect(summary.failure?.message).toContain('schema cannot be used');
  expect(world.simulator.batches()).toEqual([]);
});
