import { describe, expect, test } from 'vitest';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { CONFIG, openHost } from './open-host.ts';

const ROWS = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ custom_id: id, prompt: `echo:${id}` }));

async function post(url: string, body: object): Promise<Response> {
  return fetch(`${url}/jobs`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

async function start(url: string, body: object): Promise<string> {
  const response = await post(url, body);
  expect(response.status).toBe(202);
  return ((await response.json()) as { jobId: string }).jobId;
}

const idsOf = (lines: readonly ResultLine[]): string[] => lines.map(({ custom_id }) => custom_id);

describe('a job with a limit', () => {
  test('answers its first rows; the job of all rows reuses those answers and pays only for the others', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const request = { rows: ROWS, overrides: { shardLimits: undefined } };

    const sample = await start(url, { ...request, limit: 2 });
    const [first] = (await host.ended(1)) as [Summary];
    const whole = await start(url, request);
    await host.ended(2);

    expect(first).toMatchObject({ jobId: sample, rows: 2, sample: { limit: 2, hasMore: true } });
    expect(idsOf(await host.results(sample))).toEqual(['a', 'b']);
    expect(idsOf(await host.results(whole))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await host.results(whole)).slice(0, 2)).toEqual(await host.results(sample));
    const summary = (await host.ended(2)).find(({ jobId }) => jobId === whole);
    expect(summary).toMatchObject({
      status: 'succeeded',
      rows: 5,
      counts: { ok: 5 },
      taken: { jobId: sample, rows: 2 },
      batches: [{ requests: 3 }],
    });
    expect([...host.simulator.answersPerRow().values()]).toEqual([1, 1, 1, 1, 1]);
  });

  test('continues with a larger sample, and sends unanswered rows again', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const rows = [{ custom_id: 'x [fail:INFERENCE_3207]', prompt: 'never' }, ...ROWS];

    await start(url, { rows, limit: 2 });
    await host.ended(1);
    await start(url, { rows, limit: 4 });
    await host.ended(2);
    const whole = await start(url, { rows });
    const summary = (await host.ended(3)).find(({ jobId }) => jobId === whole);

    expect(summary).toMatchObject({ rows: 6, counts: { ok: 5, failed: 1 }, taken: { rows: 3 } });
    expect(idsOf(await host.results(whole))).toEqual(rows.map((row) => row.custom_id));
    const answers = host.simulator.answersPerRow();
    expect(ROWS.map(({ custom_id }) => answers.get(custom_id))).toEqual([1, 1, 1, 1, 1]);
  });

  test('of all rows leaves nothing to pay for the job of all rows, with several files, too', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await host.drop('staged/one.csv', 'custom_id,prompt\na,echo:1\nb,echo:2\n');
    await host.drop('staged/two.csv', 'custom_id,prompt\nc,echo:3\n');
    const request = { inputs: ['staged/one.csv', 'staged/two.csv'] };

    const sample = await start(url, { ...request, limit: 100 });
    const [first] = (await host.ended(1)) as [Summary];
    const whole = await start(url, request);
    const summary = (await host.ended(2)).find(({ jobId }) => jobId === whole);

    expect(first.sample).toEqual({ limit: 100, hasMore: false });
    expect(summary).toMatchObject({ status: 'succeeded', rows: 3, taken: { rows: 3 }, batches: [] });
    expect(await host.results(whole)).toEqual(await host.results(sample));
    expect((await host.results(whole)).map(({ source }) => source?.line)).toEqual([2, 3, 2]);
    expect(host.simulator.batches()).toHaveLength(1);
  });

  test('is not a sample for another request or another file', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await start(url, { rows: ROWS, limit: 2 });
    await host.ended(1);

    await start(url, { rows: ROWS, overrides: { body: { temperature: 1 } } });
    await start(url, { rows: ROWS.slice(0, 4) });
    const summaries = await host.ended(3);

    expect(summaries.filter(({ taken }) => taken !== undefined)).toEqual([]);
  });

  test('that has not ended keeps the job of all rows from sending its rows a second time', async () => {
    const host = await openHost();
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { url } = await host.start((call) => async (step, event) => {
      if (step === 'poll-batch') await held;
      return call(step, event);
    });
    const sample = await start(url, { rows: ROWS, limit: 2 });

    const refused = await post(url, { rows: ROWS });
    release?.();
    await host.ended(1);

    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain(`Job ${sample}, the sample of the first 2 rows, has not ended`);
    await start(url, { rows: ROWS });
    await host.ended(2);
    expect(Math.max(...host.simulator.answersPerRow().values())).toBe(1);
  });
});

describe('the prompt of a request', () => {
  test('is the same as fields of the request and as overrides', async () => {
    const host = await openHost();
    const { url } = await host.start(undefined, { config: { ...CONFIG, requests: {} } });
    await host.drop('staged/reviews.csv', 'nr;review\n7;echo:good\n8;echo:bad\n');

    const jobId = await start(url, {
      inputs: ['staged/reviews.csv'],
      prompt: '{{review}}',
      system: 'You label.',
      model: 'm',
      id: 'nr',
      delimiter: ';',
      limit: 1,
    });
    await host.ended(1);

    expect(await host.results(jobId)).toMatchObject([{ custom_id: '7', ok: true, text: 'good' }]);
  });
});
