import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHost, type TestHost } from './open-host.ts';

const ROWS = '{"custom_id":"a","prompt":"echo:1"}\n';

const eventsOf = ({ logs }: TestHost, name: string): unknown[] =>
  logs.flatMap(({ event, fields }) => (event === name ? [fields] : []));

describe('a drop', () => {
  test('that is refused is reported once, and not again at the next start', async () => {
    const host = await openHost();
    const first = await host.start();
    await host.drop('input/nobody/rows.jsonl', ROWS);
    await host.ended(1);
    await first[Symbol.asyncDispose]();

    await host.start();
    await host.drop('input/rows.jsonl', ROWS);
    await host.ended(2);

    expect(eventsOf(host, 'job_refused')).toHaveLength(1);
  });

  test.each(['~$rows.xlsx', 'rows.jsonl.part', 'rows.jsonl.crdownload'])(
    'of a lock file or an incomplete file is not an input: %s',
    async (name) => {
      const host = await openHost();
      await host.start();
      await host.drop(`input/${name}`, ROWS);
      await host.drop('input/rows.jsonl', ROWS);

      expect(await host.ended(1)).toMatchObject([{ inputs: [{ key: 'input/rows.jsonl' }] }]);
      expect(eventsOf(host, 'job_refused')).toEqual([]);
    },
  );

  test('of a file that has grown since its job is reported before its rows are paid again', async () => {
    const host = await openHost();
    await host.start();
    await host.drop('input/rows.jsonl', ROWS);
    const [first] = await host.ended(1);

    await writeFile(join(host.folder, 'input/rows.jsonl'), `${ROWS}{"custom_id":"b","prompt":"echo:2"}\n`);
    await host.ended(2);

    expect(eventsOf(host, 'input_changed')).toMatchObject([
      { key: 'input/rows.jsonl', before: first?.jobId, bytesBefore: ROWS.length, bytes: 2 * ROWS.length },
    ]);
  });
});

test('a schedule accepts rows like any job request', async () => {
  const host = await openHost();
  const { parseConfig } = await import('../../src/config/config.ts');
  const schedule = { rate: '1 hour', rows: [{ prompt: 'echo:x' }], prompt: '{{prompt}}', limit: 1 };
  const config = {
    profiles: { default: { provider: 'simulator', model: 'm' } },
    schedules: { hourly: schedule },
  };

  expect(parseConfig(config).schedules).toEqual({ hourly: schedule });
  const { startScheduledJob } = await import('../../src/job-control/start-scheduled-job.ts');
  const running = await host.start(undefined, { config });
  const { createFolderStore } = await import('../../src/store/folder-store.ts');
  const edges = {
    store: createFolderStore(host.folder),
    config,
    clock: host.clock,
    random: Math.random,
    log: () => undefined,
    executions: running.executions,
  };
  const event = { schedule: 'hourly', scheduledTime: '2026-11-01T23:00:00Z' };
  const started = await startScheduledJob(edges, event);
  expect(await startScheduledJob(edges, event)).toMatchObject({ jobId: started.jobId });

  expect(await host.ended(1)).toMatchObject([{ status: 'succeeded', rows: 1 }]);
});
