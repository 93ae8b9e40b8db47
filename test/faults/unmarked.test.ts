import { describe, expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { openTrial, violations, type Trial } from './trial.ts';

const IDS = Array.from({ length: 9 }, (_, n) => `q${n}`);
const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`).join('');

/** A job at Anthropic, whose batches show neither metadata nor an input file. */
function openAnthropic(faults: readonly Fault[], maxRows = 9): Promise<Trial> {
  return openTrial({
    input: INPUT,
    dialect: 'anthropic',
    faults,
    profile: {
      rounds: 2,
      provider: 'anthropic-simulator',
      shardLimits: { maxRows },
      polling: { minSeconds: 1, maxSeconds: 5 },
      retryWaitSeconds: 1,
    },
  });
}

const lost = (status: number): Fault => ({ at: 'create', action: { kind: 'status', status, when: 'after' } });
const hidden = (from: 'get' | 'list' | 'both', seconds: number): Fault => ({
  at: 'batch',
  action: { kind: 'hidden', from, seconds },
});

describe('at a provider without metadata of batches', () => {
  test.each<[string, readonly Fault[]]>([
    ['a create is answered with 502 after it took place', [lost(502)]],
    ['a create is answered with 400 after it took place', [lost(400)]],
    ['a create is answered with 429 after it took place', [lost(429)]],
    ['a create gets no answer', [{ at: 'create', action: { kind: 'reset', when: 'after' } }]],
    ['a create is lost, and the list lags 20 s behind', [lost(503), hidden('list', 20)]],
    ['a batch is not found by its id for 20 minutes', [hidden('get', 1_200)]],
    ['a batch is found nowhere for 20 minutes', [hidden('both', 1_200)]],
    [
      'a create is really refused for a while',
      [{ at: 'create', action: { kind: 'status', status: 429 }, times: 3 }],
    ],
  ])('no row is paid for twice: %s', async (_what, faults) => {
    await using trial = await openAnthropic(faults);

    await trial.run();

    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 } });
    expect(trial.simulator.batches()).toHaveLength(1);
    expect(await violations(trial, IDS)).toEqual([]);
  });

  test('the batches of several shards with lost creates are distinguished', async () => {
    await using trial = await openAnthropic(
      [{ at: 'create', action: { kind: 'reset', when: 'after' }, times: 3 }],
      3,
    );

    await trial.run();

    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 } });
    expect(trial.simulator.batches()).toHaveLength(3);
  });

  test('a lost create whose batch still runs stops the shard and names the batch; a resume creates no other one', async () => {
    const runs: Fault = { at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0.5 } };
    await using trial = await openAnthropic([lost(502), runs]);

    await trial.run();

    const [batch] = trial.simulator.batches();
    const { summary } = await trial.end();
    expect(summary).toMatchObject({ status: 'failed', open: [{ candidates: [batch?.id] }] });
    await trial.run();
    expect(trial.simulator.batches()).toHaveLength(1);
    expect(await violations(trial, IDS)).toEqual([]);
  });
});
