import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { forgetJob } from '../../cli/forget-job.ts';
import type { Executions } from '../../src/executions/executions.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { indexKey, jobKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { reusableKey } from '../../src/reuse/reusable-jobs.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';
import { runCli } from './run-cli.ts';

const AT = '2026-11-01T00:00:00.000Z';
const NOW = new Date('2026-11-09T00:00:00.000Z');

/** Executions of which only these run. */
const executions = (...running: readonly string[]): Executions => ({
  start: () => Promise.reject(new Error('Nothing is started.')),
  stop: () => Promise.reject(new Error('Nothing is stopped.')),
  look: (name) => Promise.resolve(running.includes(name) ? 'running' : undefined),
});

async function putJob(store: ObjectStore, jobId: string, summary: object | undefined): Promise<void> {
  await writeJson(store, jobKey(jobId), { jobId, inputs: [{ key: 'staged/a.jsonl' }], createdAt: AT });
  await store.put(indexKey(AT, jobId), '');
  if (summary === undefined) return;
  const told = { jobId, status: 'succeeded', inputs: [], errors: [], problems: [], open: [], ...summary };
  await writeJson(store, summaryKey(jobId), told);
}

const keysOf = async (store: ObjectStore): Promise<string[]> =>
  (await Array.fromAsync(store.list(''))).map(({ key }) => key);

describe('forgetting a job', () => {
  test('deletes everything of it and of its retries except a summary without rows, and nothing of other jobs', async () => {
    const store = createMemoryStore(509);
    const errors = [
      { outcome: 'failed', code: 'X', rows: 1, custom_id: 'secret', message: 'secret' },
    ] as const;
    await putJob(store, 'one', { errors, results: 'output/one/results.jsonl', advice: 'secret' });
    await putJob(store, 'one-retry-1', {});
    await putJob(store, 'one-more', {
      reused: { rows: 3, from: [{ jobId: 'one', rows: 2 }] },
    });
    await putJob(store, 'sampled', { taken: { jobId: 'one', rows: 4 } });
    for (const jobId of ['one', 'one-retry-1', 'one-more']) {
      for (const file of ['results.jsonl', 'answers.index', 'report.html', 'files/a.png'])
        await store.put(`output/${jobId}/${file}`, 'secret');
      await store.put(`jobs/${jobId}/rows-1.jsonl`, 'secret');
      await store.put(reusableKey('scope', { jobId, at: AT }), '');
    }
    await store.put('reuse/scope/no key of a job', '');

    const forgotten = await forgetJob({ store, executions: executions() }, 'one', NOW);

    expect(forgotten).toEqual({
      jobId: 'one',
      deleted: 2 * (1 + 4 + 2),
      inputs: ['staged/a.jsonl'],
      copies: [
        { jobId: 'one-more', rows: 2 },
        { jobId: 'sampled', rows: 4 },
      ],
      reusedFrom: [],
    });
    const left = await keysOf(store);
    const ours = left.filter((key) => /one(?!-more)/.test(key) && !key.startsWith('index/'));
    expect(ours).toEqual(['output/one-retry-1/summary.json', 'output/one/summary.json']);
    expect(left.filter((key) => key.includes('one-more'))).toHaveLength(9);
    const summary = await readJson<Summary>(store, summaryKey('one'));
    expect(summary).toMatchObject({
      status: 'succeeded',
      forgotten: NOW.toISOString(),
      errors: [{ outcome: 'failed', code: 'X', rows: 1 }],
    });
    expect(JSON.stringify(summary)).not.toContain('secret');
  });

  test('may be repeated, also after a call that failed halfway', async () => {
    const store = createMemoryStore(509);
    await putJob(store, 'one', {});
    await store.put('output/one/results.jsonl', 'secret');
    let deletes = 0;
    const unsteady: ObjectStore = {
      ...store,
      delete: (key) =>
        (deletes += 1) === 2 ? Promise.reject(new Error('The store is down.')) : store.delete(key),
    };

    await expect(forgetJob({ store: unsteady, executions: executions() }, 'one', NOW)).rejects.toThrow(
      'down',
    );
    await forgetJob({ store, executions: executions() }, 'one', NOW);
    const again = await forgetJob({ store, executions: executions() }, 'one', new Date());

    expect(again?.deleted).toBe(0);
    expect((await readJson<Summary>(store, summaryKey('one')))?.forgotten).toBe(NOW.toISOString());
  });

  test.each<[string, object | undefined, string[], string]>([
    ['has not ended', undefined, [], 'Job one has not ended, and nothing of it was deleted.'],
    ['runs', {}, ['one'], 'Job one has not ended, and nothing of it was deleted.'],
    ['left a batch open', { open: [{ batchId: 'b' }] }, [], 'left batches open'],
  ])('is refused when the job %s', async (_, summary, running, message) => {
    const store = createMemoryStore(509);
    await putJob(store, 'one', summary);
    await store.put('output/one/results.jsonl', 'x');
    const before = await keysOf(store);

    await expect(forgetJob({ store, executions: executions(...running) }, 'one', NOW)).rejects.toThrow(
      message,
    );
    expect(await keysOf(store)).toEqual(before);
  });

  test('is refused for a retry and for a job that does not exist', async () => {
    const store = createMemoryStore(509);
    await putJob(store, 'one-retry-1', {});
    await writeJson(store, jobKey('one-retry-1'), {
      jobId: 'one-retry-1',
      retry: { jobId: 'one', nth: 1 },
      inputs: [],
    });

    await expect(forgetJob({ store, executions: executions() }, 'one-retry-1', NOW)).rejects.toThrow(
      'Job one-retry-1 is a retry',
    );
    expect(await forgetJob({ store, executions: executions() }, 'none', NOW)).toBeUndefined();
  });

  test('is refused for a retry whose checkpoints are deleted, and not for a job with such a name', async () => {
    const store = createMemoryStore(509);
    for (const jobId of ['one', 'one-retry-1', 'two-retry-1']) {
      await putJob(store, jobId, {});
      await store.delete(jobKey(jobId));
    }
    const forget = (jobId: string): Promise<unknown> =>
      forgetJob({ store, executions: executions() }, jobId, NOW);

    await expect(forget('one-retry-1')).rejects.toThrow(
      'Job one-retry-1 is a retry: its answers are those of job one.',
    );
    expect(await forget('two-retry-1')).toMatchObject({ jobId: 'two-retry-1' });
  });

  test('names the jobs that still have the answers it reused, its sample included', async () => {
    const store = createMemoryStore(509);
    for (const jobId of ['earlier', 'gone', 'sample']) await putJob(store, jobId, {});
    for (const jobId of ['earlier', 'sample']) await store.put(resultsKey(jobId), 'x');
    const from = [
      { jobId: 'gone', rows: 1 },
      { jobId: 'earlier', rows: 2 },
    ];
    await putJob(store, 'one', { reused: { rows: 3, from }, taken: { jobId: 'sample', rows: 4 } });

    const forgotten = await forgetJob({ store, executions: executions() }, 'one', NOW);

    expect(forgotten?.reusedFrom).toEqual(['earlier', 'sample']);
  });
});

test(
  'a job that is forgotten on the command line is deleted from the data folder, and its rows are sent again',
  EXHAUSTIVE,
  async () => {
    const folder = await openTempFolder();
    const row = (id: string): string => `${JSON.stringify({ custom_id: id, prompt: `private ${id}` })}\n`;
    await writeFile(join(folder, 'first.jsonl'), row('a') + row('b'));
    await writeFile(join(folder, 'second.jsonl'), row('b') + row('c'));
    await writeFile(join(folder, 'third.jsonl'), row('a') + row('b') + row('c'));
    const run = async (file: string): Promise<Summary> => {
      const { stdout } = await runCli(folder, ['run', file, '--simulate', '--reuse', '--json']);
      return JSON.parse(stdout) as Summary;
    };
    const first = await run('first.jsonl');
    const second = await run('second.jsonl');
    expect(second.reused).toMatchObject({ rows: 1, from: [{ jobId: first.jobId, rows: 1 }] });
    const planned = await runCli(folder, ['plan', 'third.jsonl', '--provider', 'simulator', '--reuse']);
    expect(planned.stdout).toContain('3 rows have their answer from 2 earlier jobs and are not sent');

    const { status, stdout, stderr } = await runCli(folder, ['forget', first.jobId]);

    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Job ${first.jobId} is forgotten:`);
    expect(stdout).toContain(`1 row of job ${second.jobId} has its answers.`);
    const texts = await textsBelow(join(folder, 'nightshift-data'));
    expect(texts.filter(([path]) => !path.includes('.simulator')).join('')).not.toContain('private a');
    const third = await run('third.jsonl');
    expect(third).toMatchObject({ sent: 2, reused: { rows: 1, from: [{ jobId: second.jobId, rows: 1 }] } });
    const shown = await runCli(folder, ['results', first.jobId]);
    expect(shown.stdout).toContain('Its rows and answers were deleted');
    const json = await runCli(folder, ['forget', first.jobId, '--json']);
    expect(LINE_SCHEMAS.forgotten.parse(JSON.parse(json.stdout))).toMatchObject({ deleted: 0 });
  },
);

async function textsBelow(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'latin1')]),
  );
}
