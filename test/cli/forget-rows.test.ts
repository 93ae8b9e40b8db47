import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forgetInProfile, forgetRows } from '../../cli/forget-rows.ts';
import { deadLettersKey, indexKey, jobPrefix, outputPrefix, resultsKey } from '../../src/checkpoints/keys.ts';
import type { Executions } from '../../src/executions/executions.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';
import { runCli } from './run-cli.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { openWorld, paidAnswers, type Ended, type RunOptions, type World } from '../workflow/world.ts';
import { failingAt } from '../support/failing-at.ts';

const executions: Executions = {
  start: () => Promise.reject(new Error('Nothing is started.')),
  stop: () => Promise.reject(new Error('Nothing is stopped.')),
  look: () => Promise.resolve(undefined),
};

const rowsOf = (prompts: Readonly<Record<string, string>>): string =>
  Object.entries(prompts)
    .map(([custom_id, prompt]) => `${JSON.stringify({ custom_id, prompt })}\n`)
    .join('');

const ROWS = { anna: 'secret of anna', ben: 'of ben', cleo: 'of cleo', twin: 'secret of anna' };

const run = (world: World, name: string, rows: object, options: RunOptions = {}): Promise<Ended> =>
  world.run(rowsOf(rows as Record<string, string>), { name, reuse: 'always', ...options });

/** The text of all objects below a prefix. */
async function textBelow({ store }: Pick<World, 'store'>, prefix: string): Promise<string> {
  const keys = (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
  return (await Promise.all(keys.map(async (key) => (await store.get(key))?.toString('latin1')))).join('\n');
}

const failing = { at: 'row', ids: ['anna', 'ben'], times: 1 } as const;
const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;

describe('forgetting a row', () => {
  test('removes its answer from the results and from reuse, and keeps the other answers', async () => {
    const world = await openWorld();
    const { twin: _twin, ...rows } = ROWS;
    const first = await run(world, 'first.jsonl', rows, {
      also: ['csv'],
      pilot: { rows: 1, maxBad: 0.9 },
    });
    const asked = paidAnswers(world);

    const forgotten = await forgetRows({ ...world, executions }, first.jobId, new Set(['anna']));

    expect(forgotten).toMatchObject({ rows: 1, copies: [], reusedFrom: [], inputs: ['input/first.jsonl'] });
    const results = await linesOf(world, resultsKey(first.jobId));
    expect(results[0]).toEqual({
      custom_id: 'anna',
      ok: false,
      outcome: 'failed',
      error: { code: 'FORGOTTEN', message: 'The answer of this row was deleted.' },
      retry: false,
      round: 1,
    });
    expect(results.slice(1)).toEqual(first.results.slice(1));
    const left = (await Array.fromAsync(world.store.list(outputPrefix(first.jobId)))).map(({ key }) => key);
    expect(left.map((key) => key.split('/').at(-1))).toEqual([
      'answers.index',
      'results.jsonl',
      'summary.json',
    ]);
    const { pilot } = (await readJson(world, `${outputPrefix(first.jobId)}summary.json`)) as Summary;
    expect(pilot).toEqual({ state: 'passed', rows: 1, counts: first.summary.pilot?.counts });
    expect(await Array.fromAsync(world.store.list(jobPrefix(first.jobId)))).toEqual([]);

    const again = await run(world, 'second.jsonl', {
      anna: 'secret of anna',
      ben: 'of ben',
      cleo: 'of cleo',
    });
    expect(again.summary).toMatchObject({ status: 'succeeded', sent: 1, reused: { rows: 2 } });
    expect(again.results[0]).not.toHaveProperty('reused');
    expect(paidAnswers(world)).toBe(asked + 1);
  });

  test('leaves a summary with the right counts, which does not name the row', async () => {
    const world = await openWorld({ faults: [{ ...failing, ids: ['anna'], action }] });
    const { jobId, summary } = await run(world, 'first.jsonl', ROWS, { dedupe: false });
    expect(summary).toMatchObject({ status: 'partial', errors: [{ custom_id: 'anna' }] });

    await forgetRows({ ...world, executions }, jobId, new Set(['anna', 'twin']));

    const ended = await readJson(world, `${outputPrefix(jobId)}summary.json`);
    expect(ended).toMatchObject({
      status: 'partial',
      rows: 4,
      counts: { ok: 2, failed: 2 },
      forgottenRows: 2,
      errors: [{ code: 'FORGOTTEN', rows: 2 }],
    });
    expect(ended).not.toHaveProperty('deadLetters');
    expect(await textBelow(world, outputPrefix(jobId))).not.toMatch(/secret|NO_SUCH_THING/);
  });

  test('leaves counts of repeated, reused, retried and climbed rows that agree with the result lines', async () => {
    const refused = { at: 'row', ids: ['up', 'late', 'never'], times: 1, action } as const;
    const world = await openWorld({
      faults: [refused, { at: 'row', ids: ['late', 'never'], times: 2, action }],
    });
    const ladder = { then: [{ model: 'big-model' }] };
    const early = await run(world, 'early.jsonl', { known: 'k', other: 'o' }, ladder);
    const rows = { lead: 'x', twin: 'x', third: 'x', up: 'u', late: 'l', never: 'n', k: 'k', o: 'o' };
    const { jobId, summary } = await run(world, 'rows.jsonl', rows, ladder);
    expect(summary).toMatchObject({
      deduplicated: { rows: 2, ok: 2 },
      reused: { rows: 2, from: [{ jobId: early.jobId, rows: 2 }] },
      steps: [
        { step: 1, ok: 1 },
        { step: 2, ok: 1 },
      ],
    });
    const { retryId, summary: whole } = await world.retry(jobId);

    for (const id of ['third', 'k', 'up', 'late', 'lead', 'o', 'twin', 'k']) {
      await forgetRows({ ...world, executions }, jobId, new Set([id]));

      for (const each of [jobId, retryId]) await expectAgreement(world, each);
    }
    const left = (await readJson(world, `${outputPrefix(jobId)}summary.json`)) as Summary;
    expect(left).toMatchObject({
      counts: { ok: 1, failed: 7 },
      forgottenRows: 7,
      sent: summary.sent,
      usage: whole.usage,
      deduplicated: { rows: 2, ok: 0 },
      retries: [{ rows: 2, ok: 1 }],
    });
    expect(left).not.toHaveProperty('reused');
    expect(left.steps?.map(({ ok }) => ok)).toEqual([0, 0]);
  });

  test('deletes its dead letter and keeps the others, with any fields of invalid rows', async () => {
    const world = await openWorld();
    const odd = (id: string): string => `{"9":"secret of ${id}","name":"x","custom_id":"${id}"}\n`;
    const input = `${rowsOf(ROWS)}${odd('odd')}${odd('other')}`;
    const { jobId } = await world.run(input, { name: 'first.jsonl' });

    await forgetRows({ ...world, executions }, jobId, new Set(['odd', 'ben']));

    const letters = await linesOf(world, deadLettersKey(jobId));
    expect(letters).toMatchObject([{ custom_id: 'other', 9: 'secret of other' }]);
    expect(await textBelow(world, outputPrefix(jobId))).not.toMatch(/secret of odd/);
    const summary = await readJson(world, `${outputPrefix(jobId)}summary.json`);
    expect(summary).toMatchObject({ counts: { ok: 3, failed: 1, invalid: 2 }, forgottenRows: 2 });
  });

  test('also removes it from the retry that answered it', async () => {
    const world = await openWorld({ faults: [{ ...failing, action }] });
    const { jobId } = await run(world, 'first.jsonl', ROWS, { dedupe: false });
    const { retryId, results } = await world.retry(jobId);
    expect(results.every(({ ok }) => ok)).toBe(true);

    await forgetRows({ ...world, executions }, jobId, new Set(['anna']));

    expect(await textBelow(world, outputPrefix(retryId))).not.toContain('"custom_id":"anna","ok":true');
    const again = await run(world, 'second.jsonl', { x: 'of ben', y: 'of cleo' });
    expect(again.summary).toMatchObject({ sent: 0, reused: { rows: 2 } });
  });

  test('names the sample that has the same answer, and removes it there when asked for all jobs', async () => {
    const world = await openWorld();
    const sample = await run(world, 'first.jsonl', ROWS, { jobId: 'sample', limit: 2 });
    const whole = await run(world, 'first.jsonl', ROWS);
    expect(whole.summary.taken).toEqual({ jobId: sample.jobId, rows: 2 });

    const forgotten = await forgetRows({ ...world, executions }, whole.jobId, new Set(['anna']));
    const unsampled = await forgetRows({ ...world, executions }, whole.jobId, new Set(['cleo']));
    await Array.fromAsync(forgetInProfile({ ...world, executions }, 'default', new Set(['anna'])));

    expect([forgotten?.reusedFrom, unsampled?.reusedFrom]).toEqual([['sample'], []]);
    const left = await summaryObject.require(world.store, whole.jobId);
    expect(left.taken).toEqual({ jobId: sample.jobId, rows: 1 });
    await forgetRows({ ...world, executions }, whole.jobId, new Set(['ben']));
    expect(await summaryObject.require(world.store, whole.jobId)).not.toHaveProperty('taken');
    const asked = paidAnswers(world);
    const again = await run(world, 'first.jsonl', ROWS, { jobId: 'again' });
    expect(again.summary.taken).toEqual({ jobId: sample.jobId, rows: 1 });
    expect(paidAnswers(world)).toBe(asked + 2);
  });

  test('is refused for a retry whose checkpoints an earlier call has deleted', async () => {
    const world = await openWorld({ faults: [{ ...failing, action }] });
    const { jobId } = await run(world, 'first.jsonl', ROWS, { dedupe: false });
    const { retryId } = await world.retry(jobId);
    await forgetRows({ ...world, executions }, jobId, new Set(['anna']));

    await expect(forgetRows({ ...world, executions }, retryId, new Set(['ben']))).rejects.toThrow(
      `is a retry: its answers are those of job ${jobId}`,
    );
    const everywhere = await Array.fromAsync(
      forgetInProfile({ ...world, executions }, 'default', new Set(['ben'])),
    );
    expect(everywhere).toMatchObject([{ jobId, rows: 1 }]);
  });

  test('in all jobs of a profile removes the copies of its answer, too, and names the jobs that were left out', async () => {
    const world = await openWorld();
    const first = await run(world, 'first.jsonl', ROWS);
    const second = await run(world, 'second.jsonl', { anna: 'secret of anna', dora: 'of dora' });
    const other = await run(world, 'third.jsonl', { anna: 'of anna' }, { strict: true });
    const failed = await run(world, 'fourth.jsonl', { anna: 'x', bad: ' ' }, { strict: true });
    await world.store.put(indexKey('2026-11-01T00:00:00.000Z', first.jobId), '');
    expect(second.summary.reused?.rows).toBe(1);

    const found = await Array.fromAsync(
      forgetInProfile({ ...world, executions }, 'default', new Set(['anna'])),
    );

    const done = found.flatMap((each) => ('rows' in each ? [each.jobId] : []));
    expect(done.toSorted()).toEqual(
      expect.arrayContaining([first.jobId, second.jobId, other.jobId].toSorted()),
    );
    expect(found.filter((each) => 'reason' in each)).toMatchObject([{ jobId: failed.jobId }]);
    for (const { jobId } of [first, second, other])
      expect(await textBelow(world, outputPrefix(jobId))).not.toContain('"custom_id":"anna","ok":true');
  });

  test('changes nothing in a job without this row, and is refused for an unknown job', async () => {
    const world = await openWorld();
    const { jobId } = await run(world, 'first.jsonl', ROWS);
    const before = await textBelow(world, '');

    expect(await forgetRows({ ...world, executions }, jobId, new Set(['nobody']))).toMatchObject({ rows: 0 });
    expect(await forgetRows({ ...world, executions }, 'none', new Set(['anna']))).toBeUndefined();
    expect(await textBelow(world, '')).toBe(before);
  });

  test('may be repeated after a crash at any of its changes', EXHAUSTIVE, async () => {
    const limit = 60;
    let crashes = 0;
    for (let at = 1; at < limit; at += 1) {
      const world = await openWorld({ faults: [{ ...failing, action }] });
      const { jobId } = await run(world, 'first.jsonl', ROWS, { dedupe: false });
      await world.retry(jobId);
      const crashed = await forgetRows(
        { store: failingAt(world.store, at), executions },
        jobId,
        new Set(['anna', 'cleo']),
      ).catch((error: unknown) => String(error));
      if (typeof crashed !== 'string') break;
      crashes += 1;
      expect(crashed).toContain('The process died.');

      const forgotten = await forgetRows({ ...world, executions }, jobId, new Set(['anna', 'cleo']));

      expect(forgotten?.rows).toBe(2);
      const text = await textBelow(world, outputPrefix(jobId));
      expect(text).not.toMatch(/"custom_id":"(?:anna|cleo)","ok":true/);
      const summary = await readJson(world, `${outputPrefix(jobId)}summary.json`);
      expect(summary).toMatchObject({ counts: { ok: 2, failed: 2 }, forgottenRows: 2 });
      expect(await Array.fromAsync(world.store.list(jobPrefix(jobId)))).toEqual([]);
      const again = await run(world, 'second.jsonl', { a: 'secret of anna', b: 'of ben', c: 'of cleo' });
      expect(again.results[1]).toHaveProperty('reused');
      expect(again.results[2]).not.toHaveProperty('reused');
    }
    expect(crashes).toBeGreaterThan(8);
    expect(crashes).toBeLessThan(limit - 1);
  });
});

test(
  'a row that is forgotten on the command line is removed from the results, and sent again by the next job',
  EXHAUSTIVE,
  async () => {
    const folder = await openTempFolder();
    const input = ['a', 'b', 'c'].map(
      (id) => `${JSON.stringify({ custom_id: id, prompt: `private ${id}` })}\n`,
    );
    await writeFile(join(folder, 'rows.jsonl'), input.join(''));
    const ask = async (): Promise<Summary> => {
      const { stdout } = await runCli(folder, [
        'run',
        'rows.jsonl',
        '--simulate',
        '--reuse',
        '--again',
        '--json',
      ]);
      return JSON.parse(stdout) as Summary;
    };
    const first = await ask();

    const { status, stdout, stderr } = await runCli(folder, [
      'forget',
      first.jobId,
      '--id',
      'a',
      '--id',
      'b',
      '--json',
    ]);

    expect([status, stderr]).toEqual([0, '']);
    expect(LINE_SCHEMAS.forgotten.parse(JSON.parse(stdout))).toMatchObject({ jobId: first.jobId, rows: 2 });
    expect((await runCli(folder, ['results', first.jobId])).stdout).toContain('failed: FORGOTTEN');
    const retried = await runCli(folder, ['retry', first.jobId, '--data', 'nightshift-data']);
    expect(retried.stderr).toContain('cannot be retried: its checkpoints are deleted');
    expect(await ask()).toMatchObject({ status: 'succeeded', sent: 2, reused: { rows: 1 } });
    const everywhere = await runCli(folder, ['forget', '--profile', 'default', '--id', 'c']);
    expect(everywhere.stdout.match(/1 row of job .* is forgotten/g)).toHaveLength(2);
    const none = await runCli(folder, ['forget', first.jobId, '--id', 'z']);
    expect(none.stderr).toContain('has no row with the id z; nothing was deleted');
    const unclear = await runCli(folder, ['forget', '--id', 'a']);
    expect(unclear.stderr).toContain('Name the job: nightshift forget <job>.');
  },
);

async function linesOf({ store }: World, key: string): Promise<unknown[]> {
  const text = (await store.get(key))?.toString('utf8') ?? '';
  return text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** Checks that the counts of the summary match the result lines. */
async function expectAgreement(world: World, jobId: string): Promise<void> {
  const summary = (await readJson(world, `${outputPrefix(jobId)}summary.json`)) as Summary;
  const lines = (await linesOf(world, resultsKey(jobId))) as ResultLine[];
  const ok = lines.filter((line) => line.ok);
  const { counts, reused, deduplicated, steps = [], retries = [] } = summary;
  expect(counts.ok).toBe(ok.length);
  expect(reused?.rows ?? 0).toBe(ok.filter((line) => line.reused !== undefined).length);
  for (const { jobId: from, rows } of reused?.from ?? [])
    expect(rows).toBe(ok.filter((line) => line.reused?.jobId === from).length);
  expect(deduplicated?.ok ?? 0).toBe(ok.filter((line) => line.answeredBy !== undefined).length);
  expect(deduplicated?.rows ?? 0).toBe(lines.filter((line) => line.answeredBy !== undefined).length);
  for (const { step, ok: rows } of steps)
    expect(rows).toBe(
      ok.filter((line) => line.step === step && !(line.reused ?? line.answeredBy ?? line.retried)).length,
    );
  for (const [n, { ok: rows }] of retries.entries())
    expect(rows).toBe(ok.filter((line) => line.retried === n + 1).length);
}

async function readJson({ store }: World, key: string): Promise<unknown> {
  return JSON.parse(String(await store.get(key)));
}
