import { describe, expect, test } from 'vitest';
import { NO_ROWS } from '../../src/checkpoints/outcomes.ts';
import { approvalObject, pilotObject, type Pilot } from '../../src/checkpoints/pilot.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { stopObject } from '../../src/checkpoints/stop.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { defineConfig } from '../../src/config/config.ts';
import { endJob, expectProblem, openApi, startJob, type World } from './open-api.ts';

const approve = ({ send }: World, jobId: string) => send('POST', `/jobs/${jobId}/approve`);
const reject = ({ send }: World, jobId: string) => send('POST', `/jobs/${jobId}/reject`);

const config = defineConfig({
  profiles: { default: { provider: 'simulator', model: 'm', pilot: { rows: 2, approve: true } } },
});

/** Opens an API with a job whose pilot is in this state. */
async function openPiloted(state: Pilot['state']): Promise<World & { readonly jobId: string }> {
  const world = await openApi(() => ({ config }));
  const jobId = await startJob(world);
  const counts = state === 'running' ? {} : { counts: { ...NO_ROWS, ok: 2 } };
  await pilotObject.write(world.store, jobId, { state, rows: 2, ...counts, results: 'output/x/pilot.jsonl' });
  return { ...world, jobId };
}

test('a job that waits for a person is shown as waiting, with its pilot and the URL of its results', async () => {
  const world = await openPiloted('waiting');

  const { body } = await world.get(`/jobs/${world.jobId}`);

  expect(body).toMatchObject({
    status: 'waiting',
    pilot: { state: 'waiting', rows: 2, counts: { ok: 2 } },
    links: { pilot: 'https://files.example/get/output/x/pilot.jsonl' },
  });
  expect((await world.get('/jobs?status=waiting')).body).toMatchObject({ jobs: [{ jobId: world.jobId }] });
});

describe.each([
  ['approved', approve, reject],
  ['rejected', reject, approve],
] as const)('a job that waits is %s', (decision, judge, judgeOtherwise) => {
  test('by the first person, who may repeat the call', async () => {
    const world = await openPiloted('waiting');

    const answers = [await judge(world, world.jobId), await judge(world, world.jobId)];

    for (const { status, body } of answers) {
      expect(status).toBe(202);
      expect(body).toMatchObject({ jobId: world.jobId, state: decision });
    }
    expect(await approvalObject.read(world.store, world.jobId)).toMatchObject({ decision });
    expect(world.executions.names).toEqual([world.jobId]);
  });

  test('and a second person cannot decide otherwise', async () => {
    const world = await openPiloted('waiting');
    await judge(world, world.jobId);

    const { detail } = expectProblem(await judgeOtherwise(world, world.jobId), 409, 'not-to-be-judged');

    expect(detail).toContain(`was ${decision} at `);
    expect(await approvalObject.read(world.store, world.jobId)).toMatchObject({ decision });
  });

  test('but not while it is cancelled', async () => {
    const world = await openPiloted('waiting');
    const failure = { name: 'JobCancelled', code: 'CANCELLED', message: 'The job was cancelled.' };
    await stopObject.write(world.store, world.jobId, { failure });

    expectProblem(await judge(world, world.jobId), 409, 'not-to-be-judged');

    expect(await approvalObject.read(world.store, world.jobId)).toBeUndefined();
  });
});

describe('a job that ended after its pilot', () => {
  test.each(['failed', 'rejected', 'unanswered'] as const)(
    'continues when it is approved: %s',
    async (state) => {
      const world = await openPiloted(state);
      await endJob(world, world.jobId, 'failed');

      expect((await approve(world, world.jobId)).status).toBe(202);

      expect(world.executions.names).toEqual([world.jobId, `${world.jobId}-r2`]);
      expect(await approvalObject.read(world.store, world.jobId)).toMatchObject({ decision: 'approved' });
    },
  );

  test.each(['failed', 'unanswered'] as const)('has nothing to reject: %s', async (state) => {
    const world = await openPiloted(state);
    await endJob(world, world.jobId, 'failed');

    expectProblem(await reject(world, world.jobId), 409, 'not-to-be-judged');

    expect(world.executions.names).toEqual([world.jobId]);
  });
});

test.each(['running', 'passed', 'failed'] as const)(
  'a job that runs is not judged when its pilot is %s',
  async (state) => {
    const world = await openPiloted(state);

    for (const judge of [approve, reject])
      expectProblem(await judge(world, world.jobId), 409, 'not-to-be-judged');

    expect(await approvalObject.read(world.store, world.jobId)).toBeUndefined();
  },
);

test('a job without a pilot and an unknown job cannot be judged', async () => {
  const world = await openApi();
  const jobId = await startJob(world);

  expectProblem(await approve(world, jobId), 409, 'not-to-be-judged');
  expectProblem(await approve(world, 'nobody-0'), 404, 'no-such-job');
});

describe('a request', () => {
  const overrides = { pilot: { rows: 5, maxBad: 0.1 } };

  test('may set a pilot only if the configuration allows it', async () => {
    const refused = await openApi();
    const problem = expectProblem(
      await refused.post('/jobs', { rows: [{ prompt: 'a' }], overrides }),
      422,
      'invalid-request',
    );
    expect(JSON.stringify(problem)).toContain('pilot');

    const world = await openApi(() => ({
      config: defineConfig({ ...config, requests: { overrides: ['pilot'] } }),
    }));
    const jobId = await startJob(world, { overrides });
    expect((await jobObject.require(world.store, jobId)).profile.pilot).toEqual({ rows: 5, maxBad: 0.1 });
  });

  test.each([
    [{}],
    [{ rows: 10 }],
    [{ rows: 10, approve: false }],
    [{ maxBad: 1 }],
    [{ rows: 0, maxBad: 0 }],
  ])('with a pilot that is invalid or has no effect is refused: %j', (pilot) => {
    expect(() => resolveProfile(config, 'default', { pilot })).toThrow('pilot');
  });

  test('may wait for half of the longest time of a job', () => {
    const asked = defineConfig({ ...config, limits: { jobDays: 4 } });
    expect(resolveProfile(asked, 'default').pilot).toEqual({ rows: 2, approvalDays: 2 });
    expect(resolveProfile(config, 'default', { pilot: { approve: true } }).pilot).toEqual({
      rows: 200,
      approvalDays: 7,
    });
  });
});
