/** @module-tag exhaustive */
import { describe, expect, test } from 'vitest';
import { CONFIG } from '../support/config.ts';
import { CASES, type Case } from './matrix.ts';
import { openTrial, openViolations, violations, type JobEnd } from './trial.ts';

const IDS = Array.from({ length: 9 }, (_, n) => `q${n}`);
const inputOf = (more: object): string =>
  IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}`, ...more })}\n`).join('');
const INPUT = inputOf({});
/** 300 KB, which are built in slices of 64 KiB. */
const SLICED = {
  input: inputOf({ user: 'x'.repeat(33_000) }),
  config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
};

const outcomes = new Map<Case, JobEnd['summary']>();

describe.each(CASES.map((each) => [each.where, each.fault, each] as const))('%s', (_, fault, struck) => {
  test(`${fault}: every row has one result, every batch is made once, nothing is left`, async () => {
    const {
      wrap,
      faults = [],
      dialect,
      profile = {},
      maxFileBytes,
      resumedAfterSeconds = 0,
      sliced,
    } = struck;
    await using trial = await openTrial({
      input: INPUT,
      ...(sliced && SLICED),
      faults,
      profile: { ...profile, ...(dialect === 'openai' && { provider: 'openai-simulator' }) },
      ...(dialect && { dialect }),
      ...(maxFileBytes && { maxFileBytes }),
    });

    await trial.run(wrap && { wrap });
    // A job that a fault has stopped can be resumed.
    if ((await trial.end()).summary?.status !== 'succeeded') {
      expect(await openViolations(trial)).toEqual([]);
      trial.clock.moveTo(new Date(trial.clock.now() + resumedAfterSeconds * 1_000).toISOString());
      await trial.run();
    }

    const { summary } = await trial.end();
    outcomes.set(struck, summary);
    expect(await violations(trial, IDS)).toEqual([]);
    expect(summary?.unexplained.paidTwice ?? 0).toBe(struck.paidTwice ?? 0);
    expect(summary?.status).toMatch(struck.staysOpen === true ? /^failed$/ : /^(succeeded|partial)$/);
    expect(await openViolations(trial)).toEqual([]);
  });
});

test('docs/reliability.md lists the outcome of each fault', async ({ skip }) => {
  skip(outcomes.size < CASES.length, 'Only some of them were run.');
  const rows = CASES.map((each) => {
    const { status = '', rounds = 0, counts } = outcomes.get(each) ?? {};
    const told = Object.entries(counts ?? {})
      .filter(([, n]) => n > 0)
      .map(([outcome, n]) => `${n} ${outcome}`);
    return `| ${each.where} | ${each.fault} | ${status} | ${told.join(', ')} | ${rounds} |`;
  });
  const page = `${INTRODUCTION}${rows.join('\n')}\n`;
  process.stdout.write(`${rows.join('\n')}\n`);
  await expect(page).toMatchFileSnapshot('../../docs/reliability.md');
});

const INTRODUCTION = `# Reliability

Batches cost money and run for a day. This page shows that, whatever fails, every input row ends as exactly one result line, no batch is created
twice, no batch is left open, every file that is left at the provider is reported, and the key is stored nowhere.

\`npm run test:faults\` runs a job through the synthesized state machine, the real handlers and the provider simulator for each line of
the table, and checks all of this. A job that does not succeed immediately is resumed once. A job that stays \`failed\` has a batch that never shows the output that it
promised; its summary names the batch, and none of its rows is paid twice ([uncertain states](uncertain-states.md)). \`npm run test:faults -- -u\` updates this page.
\`test/faults/crash-walk.test.ts\` goes further: it kills the process, or fails the Lambda, after every single effect of a job with two shards
and two rounds, and expects the same files, byte for byte. \`crash-walk-direct.test.ts\` does the same for rows that are sent
direct, and counts the calls: at most 16 more than rows, which were in flight. \`npm run soak -- --seed N\` runs random jobs with random faults.

## Which test shows what

| engine | what it shows |
|---|---|
| the synthesized state machine on \`aws-local-stepfunctions\`, the real handlers, a bucket in memory, the simulator: this page, \`test/workflow/\` | the order of steps, retries, catches and waits, resumes, cancels, the result of each fault |
| the same with every function limited to its role's policies: \`test/lib/roles.test.ts\` | each call of the store or of an execution in the code is reached and permitted |
| two processes on one data folder, a step that never ends, a host that dies while a schedule starts its job: \`test/host/\` | the lock keeps the second one out, the worker thread is ended, and the next host continues with every file |
| the synthesized template: \`test/lib/\`, cdk-nag, the validator of the Amazon States Language, the CDK's own rules | resources, permissions, retry policies, all regions and partitions, bundles that are the same everywhere |
| an S3 server over HTTP: \`test/store/\` | streams, parts, ranges, conditional writes, broken connections |
| the deployed template on moto, with the bundles as functions, their roles, and a second interpreter of the Amazon States Language, which has another origin; run by hand, not part of this repository | both interpreters make the same calls with the same inputs; drops, API, schedules, cancel, resume and redrive end as they do here |

Only a live account shows how long S3 and EventBridge take to deliver a drop, how IAM evaluates conditions and customer-managed keys, quotas and throttling, cold
starts, real memory and network of Lambda, alarms, deploys during running jobs, and the bill. The authors have not deployed to one; the
[smoke test](operations.md#smoke-test) is for the first person who does.

## The faults and their outcomes

| where | fault | the job | its 9 rows | rounds |
|---|---|---|---|---|
`;
