import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { indexKey, jobKey } from '../../src/checkpoints/keys.ts';
import { openHost } from './open-host.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

const ROWS = '{"custom_id":"a","prompt":"echo:one"}\n{"custom_id":"b","prompt":"two"}\n';

describe('a dropped file', () => {
  test('becomes one result per row, with the profile of its folder', async () => {
    const host = await openHost();
    await host.start();

    await host.drop('input/classify/my re+vi%20ews é.csv', 'text\nfine\nbad\n');

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'succeeded', profile: 'classify', counts: { ok: 2 } });
    expect(summary?.inputs).toMatchObject([{ key: 'input/classify/my re+vi%20ews é.csv' }]);
    expect(await host.results(summary?.jobId ?? '')).toHaveLength(2);
  });

  test('has the profile "default" right below input/', async () => {
    const host = await openHost();
    await host.start();

    await host.drop('input/rows.jsonl', ROWS);

    expect(await host.ended(1)).toMatchObject([{ status: 'succeeded', profile: 'default' }]);
  });

  test('starts its job when it was dropped before the host was started', async () => {
    const host = await openHost();
    await host.drop('input/rows.jsonl', ROWS);

    await host.start();

    expect(await host.ended(1)).toMatchObject([{ counts: { ok: 2 } }]);
  });

  test('is one job with any number of events, and another one after it is rewritten', async () => {
    const host = await openHost();
    const first = await host.start();
    await host.drop('input/rows.jsonl', ROWS);
    await host.ended(1);
    await first[Symbol.asyncDispose]();

    await host.start();
    await host.drop('input/rows.jsonl', `${ROWS}{"custom_id":"c","prompt":"three"}\n`);

    const summaries = await host.ended(2);
    expect(new Set(summaries.map(({ rows }) => rows))).toEqual(new Set([2, 3]));
    expect(host.logs.filter(({ event }) => event === 'job_started')).toHaveLength(2);
    expect(host.simulator.batches()).toHaveLength(2);
  });

  test('runs at the same time as others', EXHAUSTIVE, async () => {
    const host = await openHost();
    await host.start();

    for (let n = 0; n < 20; n += 1) await host.drop(`input/rows-${n}.jsonl`, ROWS);

    const summaries = await host.ended(20);
    expect(summaries.every(({ counts }) => counts.ok === 2)).toBe(true);
    expect(host.simulator.batches()).toHaveLength(20);
  });

  tableOf(
    [
      ['rows.pdf', '%PDF-1.7', '.pdf is not an input format'],
      ['rows.xlsx', 'PK\u0003\u0004', 'rows.xlsx is not a complete workbook'],
      ['rows.csv.gz', gzipSync('text\nfine\n').subarray(0, 20), 'not a complete gzip file'],
      ['rows.jsonl', '{\n"a": 1\n}', 'is one JSON document'],
      ['empty.jsonl', '', 'has no rows: it is empty'],
    ],
    2,
  ).test(
    '%s that cannot be read ends with a summary that names the reason',
    async (name, content, message) => {
      const host = await openHost();
      await host.start();

      await host.drop(`input/${name}`, content);

      const [summary] = await host.ended(1);
      expect(summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidInput' } });
      expect(summary?.failure?.message).toContain(message);
      expect(host.simulator.requests()).toEqual([]);
    },
  );

  test('below a folder that is not a profile is refused with the names of the profiles', async () => {
    const host = await openHost();
    await host.start();

    await host.drop('input/nobody/rows.jsonl', ROWS);

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidRequest' } });
    expect(summary?.failure?.message).toContain('Profiles: classify, default.');
  });

  test('is not confused with files that the workflow writes', async () => {
    const host = await openHost();
    await host.start();

    await host.drop('input/rows.jsonl', ROWS);
    await host.ended(1);
    await host.drop('input/more.jsonl', ROWS);
    await host.ended(2);

    expect(await readdir(join(host.folder, 'input'))).toEqual([
      'classify',
      'default',
      'more.jsonl',
      'rows.jsonl',
    ]);
    expect(host.logs.filter(({ event }) => event === 'job_started')).toHaveLength(2);
    expect(host.failures).toEqual([]);
  });
});

describe('a dropped job request', () => {
  test('makes one job of several files and names the file of each row', async () => {
    const host = await openHost();
    await host.drop('staged/a.csv', 'text\nfine\n');
    await host.drop('staged/b.jsonl', '{"text":"bad"}\n');
    await host.start();

    const request = {
      name: 'both',
      inputs: ['staged/a.csv', 'staged/b.jsonl'],
      overrides: { body: { temperature: 0 } },
    };
    await host.drop('input/classify/x.job.json', JSON.stringify(request));

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'succeeded', profile: 'classify', rows: 2 });
    expect(await host.results(summary?.jobId ?? '')).toMatchObject([
      { source: { file: 'staged/a.csv', line: 2 } },
      { source: { file: 'staged/b.jsonl', line: 1 } },
    ]);
  });

  tableOf(
    [
      ['not JSON', '{', 'is not JSON'],
      ['an unknown field', '{"rows":[{"prompt":"x"}],"profil":"classify"}', 'profil'],
      ['no input', '{"profile":"classify"}', 'exactly one of "inputs", "prefix" and "rows"'],
      ['an input that is not there', '{"inputs":["staged/none.csv"]}', 'There is no input file'],
    ],
    2,
  ).test('with %s is refused with the reason', async (_, content, message) => {
    const host = await openHost();
    await host.start();

    await host.drop('input/x.job.json', content);

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidRequest' } });
    expect(summary?.failure?.message).toContain(message);
  });
});

describe('the API', () => {
  const send = (url: string, body?: object): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });

  test('starts a job, shows its status, and links to its results', async () => {
    const host = await openHost();
    const { url } = await host.start();

    const started = await send(`${url}/jobs`, { rows: [{ prompt: 'echo:hello' }, { prompt: 'x' }] });
    expect(started.status).toBe(202);
    await host.ended(1);
    const job = (await (await fetch(`${url}${started.headers.get('location') ?? ''}`)).json()) as {
      status: string;
      links: { results: string; summary: string };
    };

    expect(job.status).toBe('succeeded');
    const results = await (await fetch(job.links.results)).text();
    expect(results.trimEnd().split('\n')).toHaveLength(2);
    expect(JSON.parse(results.split('\n')[0] ?? '')).toMatchObject({ ok: true, text: 'hello' });
    const listed = (await (await fetch(`${url}/jobs?status=succeeded`)).json()) as { jobs: object[] };
    expect(listed.jobs).toMatchObject([{ status: 'succeeded' }]);
  });

  test('gives a URL for an upload, and the upload starts a job', async () => {
    const host = await openHost();
    const { url } = await host.start();

    const { url: address } = (await (
      await send(`${url}/uploads`, { key: 'input/classify/a b+ü.csv' })
    ).json()) as { url: string };
    const put = await fetch(address, { method: 'PUT', body: 'text\nfine\n' });

    expect(put.status).toBe(200);
    expect(await host.ended(1)).toMatchObject([{ status: 'succeeded', profile: 'classify' }]);
  });

  test('has only the deployed routes, and serves only this machine', async () => {
    const host = await openHost();
    const { url } = await host.start();

    expect((await fetch(`${url}/jobs`, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${url}/files/jobs/x/job.json`)).status).toBe(404);
    expect((await fetch(`${url}/files/output/..%2f..%2fetc/passwd`)).status).toBe(422);
    expect((await fetch(`${url}/files/jobs/x`, { method: 'PUT', body: 'x' })).status).toBe(404);
    expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
  });

  test('cancels a job: its batch is cancelled and its finished rows are kept', async () => {
    const host = await openHost();
    let polls = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let polling = (): void => undefined;
    const reached = new Promise<void>((resolve) => (polling = resolve));
    const { url } = await host.start((call) => async (step, event) => {
      if (step === 'poll-batch' && (polls += 1) === 1) {
        polling();
        await held;
      }
      return call(step, event);
    });
    const rows = Array.from({ length: 100 }, (_, n) => ({ prompt: `echo:${n}` }));
    const { links } = (await (await send(`${url}/jobs`, { rows })).json()) as {
      links: { self: string; cancel: string; resume: string };
    };
    await reached;

    expect((await send(`${url}${links.cancel}`)).status).toBe(202);
    expect((await send(`${url}${links.cancel}`)).status).toBe(202);
    const [summary] = await host.ended(1);
    release();

    expect(summary).toMatchObject({ status: 'cancelled', failure: { name: 'JobCancelled' }, rows: 100 });
    expect(await host.results(summary?.jobId ?? '')).toHaveLength(100);
    expect(host.simulator.batches()).toMatchObject([{ end: { ending: 'cancelled' } }]);
    expect(host.simulator.batches()).toHaveLength(1);
    expect(await (await fetch(`${url}${links.self}`)).json()).toMatchObject({ status: 'cancelled' });

    const resumed = await send(`${url}${links.resume}`);
    expect(resumed.status).toBe(202);
    const [again] = await host.ended(1);
    expect(again).toMatchObject({ status: 'succeeded', counts: { ok: 100 } });
  });
});

describe('a schedule', () => {
  test('starts its job at its time, in its timezone, once', async () => {
    const host = await openHost();
    await host.drop('staged/2026-11-02.csv', 'text\nfine\n');
    const running = await host.start();

    host.clock.moveTo('2026-11-02T20:59:59Z');
    await running.fireSchedules();
    host.clock.moveTo('2026-11-02T21:00:01Z');
    await running.fireSchedules();
    await running.fireSchedules();

    // Meanwhile, 23 runs of the hourly schedule end as empty.
    const nightly = (await host.ended(24)).filter(({ jobId }) => jobId.startsWith('nightly'));
    expect(nightly).toMatchObject([
      { status: 'succeeded', profile: 'classify', inputs: [{ key: 'staged/2026-11-02.csv' }] },
    ]);
  });

  test('reads the files below a prefix with tokens of its time', async () => {
    const host = await openHost();
    await host.drop('staged/2026/a.jsonl', ROWS);
    const running = await host.start();

    host.clock.moveTo('2026-11-08T22:00:00Z');
    await running.fireSchedules();

    // The other schedules found no files; at most 31 missed times are made up for.
    const weekly = (await host.ended(31 + 7 + 1)).filter(({ jobId }) => jobId.startsWith('weekly'));
    expect(weekly).toMatchObject([{ status: 'succeeded', inputs: [{ key: 'staged/2026/a.jsonl' }] }]);
  });

  test('reads the new files below its prefix, and ends as empty if there are none', async () => {
    const host = await openHost();
    await host.drop('staged/inbox/a.jsonl', ROWS);
    const running = await host.start();

    host.clock.moveTo('2026-11-01T23:00:00Z');
    await running.fireSchedules();
    await host.ended(1);
    host.clock.moveTo('2026-11-02T00:00:00Z');
    await running.fireSchedules();
    await host.drop('staged/inbox/b.jsonl', ROWS);
    host.clock.moveTo('2026-11-02T01:00:00Z');
    await running.fireSchedules();

    const summaries = (await host.ended(3)).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
    expect(summaries).toMatchObject([
      { status: 'succeeded', inputs: [{ key: 'staged/inbox/a.jsonl' }] },
      { status: 'empty', inputs: [] },
      { status: 'succeeded', inputs: [{ key: 'staged/inbox/b.jsonl' }] },
    ]);
    expect(host.simulator.batches()).toHaveLength(2);
  });
});

test('a host that is stopped while a file is being dropped starts its job at the next start', async () => {
  const host = await openHost();
  for (let n = 0; n < 20; n += 1) await host.drop(`input/rows-${n}.jsonl`, ROWS);

  const first = await host.start();
  await first[Symbol.asyncDispose]();
  await host.start();

  const summaries = await host.ended(20);
  expect(summaries.every(({ status }) => status === 'succeeded')).toBe(true);
  expect([...host.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
});

test('a job with an unreadable record waits and does not block others', async () => {
  const host = await openHost();
  const jobId = 'torn-0123456789abcdef';
  const startedAt = new Date(host.clock.now()).toISOString();
  await host.drop(jobKey(jobId), '');
  await host.drop(indexKey(startedAt, jobId), '');

  await host.start();
  await host.drop('input/rows.jsonl', ROWS);

  expect((await host.ended(1)).map(({ status }) => status)).toEqual(['succeeded']);
  expect(host.logs).toContainEqual({
    event: 'job_waits',
    fields: { jobId, reason: expect.stringContaining('job.json is not JSON') as string },
  });
});

test('a host that is stopped in the middle of a job continues it at the next start', async () => {
  const host = await openHost();
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  let polls = 0;
  const first = await host.start((call) => (step, event) => {
    if (step === 'poll-batch' && (polls += 1) === 2) reach();
    return call(step, event);
  });
  await host.drop('input/rows.jsonl', ROWS);
  await reached;
  await first[Symbol.asyncDispose]();

  await host.start();

  const [summary] = await host.ended(1);
  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
  expect([...host.simulator.createsPerKey().values()]).toEqual([1]);
  const job = JSON.parse(
    await readFile(join(host.folder, 'jobs', summary?.jobId ?? '', 'job.json'), 'utf8'),
  ) as object;
  expect(job).toMatchObject({ inputs: [{ key: 'input/rows.jsonl' }] });
});
