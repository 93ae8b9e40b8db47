import { describe, expect, test } from 'vitest';
import { reportKey } from '../../src/checkpoints/keys.ts';
import { renderLiveReport } from '../../src/report/render-report.ts';
import { describeReport } from '../../src/report/report-data.ts';
import { surveyOf } from '../../src/report/survey/row-survey.ts';
import { openWorld, prompts, type Ended, type World } from '../workflow/world.ts';

/** The text of a job's page without markup. */
async function textOf({ store }: World, { jobId }: Ended): Promise<string> {
  const page = String(await store.get(reportKey(jobId)));
  return page
    .replaceAll(/<(?:style|script)[^]*?<\/(?:style|script)>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ');
}

const PRICE = { inputPerMillion: 0, outputPerMillion: 1_000_000, currency: 'EUR' };

describe('the report of a job with a ladder', () => {
  test('has a line for each step with its provider and model, its rows, and its cost at its own price', async () => {
    const world = await openWorld();
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', ids: ['q1', 'q2'], action });
    const then = [{ model: 'big-model', price: { ...PRICE, outputPerMillion: 2_000_000 } }];

    const ended = await world.run(
      prompts(5, (n) => `echo:${n}`),
      { model: 'small-model', price: PRICE, then },
    );

    const text = await textOf(world, ended);
    const [first, second] = ended.summary.steps ?? [];
    expect(text).toMatch(/Step Provider Model Rows Ok Input tokens Output tokens Cost/);
    expect(text).toMatch(
      new RegExp(`1 \\S+ small-model 5 3 ${first?.usage.inputTokens} \\d+ ${first?.cost?.amount} EUR`),
    );
    expect(text).toMatch(
      new RegExp(`2 \\S+ big-model 2 2 ${second?.usage.inputTokens} \\d+ ${second?.cost?.amount} EUR`),
    );
    expect(text).toContain(`which is ${ended.summary.cost?.amount} EUR at the prices of its steps`);
    expect(text).not.toContain("At the profile's price");
  });

  test('has no table of steps without one', async () => {
    const world = await openWorld();
    const ended = await world.run(prompts(2));
    expect(await textOf(world, ended)).not.toContain('The steps of the job.');
  });
});

describe('the report of a job with a pilot', () => {
  test.each([
    [0.9, 'Pilot: 2 of 4 rows are ok, and the other rows follow.'],
    [0.1, 'Pilot: 2 of 4 rows are ok, and the other rows are not sent.'],
  ])('that may have a share of %f bad rows says: %s', async (maxBad, sentence) => {
    const world = await openWorld();
    const input = prompts(8, (n) => (n % 4 < 2 ? `[fail:NO_SUCH_THING] ${n}` : `row ${n}`));

    const ended = await world.run(input, { pilot: { rows: 4, maxBad } });

    expect(await textOf(world, ended)).toContain(sentence);
  });
});

test.each([
  [{}, '2 rows have their answers from 1 earlier job', '1 row was sent.'],
  [
    { budget: { maxInputTokens: 1 } },
    '2 rows have their answers from 1 earlier job',
    '1 row had to be sent.',
  ],
])('the report of a job that reuses answers, with %j, says: %s … %s', async (limits, known, rest) => {
  const world = await openWorld();
  await world.run(prompts(2), { name: 'first.jsonl', reuse: 'always' });

  const ended = await world.run(prompts(3), { reuse: 'always', ...limits });

  const text = await textOf(world, ended);
  expect(text).toContain(known);
  expect(text).toContain(rest);
});

test('the report of a job whose retry reuses answers counts a row as sent or as reused, not as both', async () => {
  const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
  const world = await openWorld({ faults: [{ at: 'row', ids: ['q1'], action, times: 1 }] });
  const failed = await world.run(prompts(3), { name: 'first.jsonl', reuse: 'always' });
  await world.run(prompts(3), { name: 'second.jsonl', reuse: 'always' });

  const retried = await world.retry(failed.jobId);

  const text = await textOf(world, retried);
  expect(retried.summary.reused).toMatchObject({ rows: 1 });
  expect(text).toContain('1 row has its answer from 1 earlier job');
  expect(text).toContain('2 rows were sent.');
});

describe('the page of a job', () => {
  const LINKS = { results: '', csv: '', profiles: [], post: (action: string) => `/jobs/j/${action}` };

  test.each([
    ['waiting', 'waiting', ['approve', 'reject', 'cancel']],
    ['failed', 'failed', ['approve', 'resume']],
    ['failed', 'rejected', ['approve', 'resume']],
    ['failed', 'unanswered', ['approve', 'resume']],
    ['failed', 'passed', ['resume']],
    ['running', 'running', ['cancel']],
    ['running', 'approved', ['cancel']],
    ['cancelled', 'waiting', ['resume']],
  ] as const)('that is %s, with a pilot that is %s, has buttons to %j', async (status, state, actions) => {
    const world = await openWorld();
    const { summary } = await world.run(prompts(1));
    const facts = { ...summary, status, pilot: { state, rows: 2 }, at: summary.endedAt, files: [] };

    const page = renderLiveReport(describeReport({ ...facts, survey: surveyOf([]) }), '/', LINKS);

    expect([...page.matchAll(/data-post="\/jobs\/j\/(\w+)"/g)].map(([, action]) => action)).toEqual(actions);
  });
});
