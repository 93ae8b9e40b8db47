import { expect, test } from 'vitest';
import { approvalObject, pilotObject } from '../../src/checkpoints/pilot.ts';
import { summaryKey } from '../../src/checkpoints/keys.ts';
import { approveOrReject } from '../../src/job-control/approve-or-reject.ts';
import { startJob, type StartEdges } from '../../src/job-control/start-job.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { writeJson } from '../../src/store/json.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const JOB = 'job-1';

/** Opens a job that has ended because a person rejected its pilot. */
async function openRejected() {
  const executions = new HeldExecutions();
  const edges: StartEdges = {
    store: createFolderStore(await openTempFolder()),
    clock: { now: () => Date.UTC(2026, 10, 1) },
    random: () => 0.5,
    log: () => undefined,
    config: { profiles: { default: { provider: 'simulator', model: 'm', pilot: { approve: true } } } },
    executions,
  };
  const inputs = (): Promise<{ key: string }[]> => Promise.resolve([{ key: 'input/a.jsonl' }]);
  await startJob(edges, { jobId: JOB, profile: 'default', inputs });
  await pilotObject.write(edges.store, JOB, { state: 'rejected', rows: 2 });
  await approvalObject.write(edges.store, JOB, { decision: 'rejected', at: '2026-11-01T00:00:00.000Z' });
  const end = async (): Promise<void> => {
    await writeJson(edges.store, summaryKey(JOB), { jobId: JOB, status: 'failed' });
    executions.end(JOB);
  };
  return { edges, executions, end };
}

test('a second approval is accepted before the job has seen the first one', async () => {
  const { edges, end } = await openRejected();
  await end();

  expect((await approveOrReject(edges, JOB, 'approved'))?.resumed).toMatchObject({ state: 'resumed' });

  expect(await approveOrReject(edges, JOB, 'approved')).toMatchObject({ state: 'approved' });
});

test.each(['approved', 'rejected'] as const)(
  'a job that was %s, and whose host was stopped before it ended, continues when the decision is repeated',
  async (decision) => {
    const { edges, executions } = await openRejected();
    await pilotObject.write(edges.store, JOB, { state: decision, rows: 2 });
    await approvalObject.write(edges.store, JOB, { decision, at: '2026-11-01T00:00:00.000Z' });
    executions.end(JOB);

    expect((await approveOrReject(edges, JOB, decision))?.resumed).toMatchObject({ state: 'resumed' });
  },
);

test('a rejected job can be approved only after it has ended', async () => {
  const { edges, end } = await openRejected();

  await expect(approveOrReject(edges, JOB, 'approved')).rejects.toThrow(/is ending without its other rows/);

  await end();
  expect(await approveOrReject(edges, JOB, 'approved')).toMatchObject({ state: 'approved' });
});
