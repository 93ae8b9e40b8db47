import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWorld } from './workflow/world.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '..', 'docs', 'guide.md'), 'utf8');
const [, SECTION = ''] = /^## Try failures\n([^]*?)^## /m.exec(GUIDE) ?? [];

/** The result of a row with each of the markers. */
const MARKED = {
  '[fail:INFERENCE_3107]': { outcome: 'exhausted', error: { code: 'INFERENCE_3107' } },
  '[fail:CONTENT_FILTER]': { outcome: 'failed', error: { code: 'CONTENT_FILTER' } },
  '[flaky:INFERENCE_3107]': { ok: true, round: 2 },
  '[truncate]': { finish_reason: 'length' },
  '[refuse]': { refusal: expect.any(String) },
  '[malformed]': { outcome: 'invalid_output' },
  '[truncate-once]': { finish_reason: 'length' },
  '[refuse-once]': { refusal: expect.any(String) },
  '[malformed-once]': { outcome: 'invalid_output' },
} as const;

const OUTPUT = { output: { schema: { type: 'object', properties: { label: { enum: ['a', 'b'] } } } } };

test.each(Object.entries(MARKED))('the marker %s does what the guide says', async (marker, line) => {
  const world = await openWorld();
  const options = { rounds: 2, ...(marker.includes('malformed') && OUTPUT) };

  const { results } = await world.run(`${JSON.stringify({ prompt: `Say it ${marker}` })}\n`, options);

  const named = marker.replace(/:INFERENCE_3107/, ':CODE').replace(/:CONTENT_FILTER/, ':CODE');
  expect(SECTION).toContain(`\`${named}\``);
  expect(results).toMatchObject([line]);
});

test('a prompt that starts with echo: is answered with its rest', async () => {
  const world = await openWorld();

  const { results } = await world.run('{"prompt":"echo:text"}\n');

  expect(SECTION).toContain('`echo:text`');
  expect(results).toMatchObject([{ ok: true, text: 'text' }]);
});
