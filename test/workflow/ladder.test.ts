import { onTestFinished, describe, expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { shardKey, stepKey } from '../../src/checkpoints/keys.ts';
import { readCollected } from '../../src/checkpoints/round/collected.ts';
import { readJobLedger } from '../../src/checkpoints/ledger.ts';
import { defineConfig, type NightshiftConfig, type ProfileConfig } from '../../src/config/config.ts';
import type { DialectName } from '../../src/provider/dialects/dialects.ts';
import { tableOf } from '../support/exhaustive.ts';
import { createClock } from '../support/clock.ts';
import { KEY } from '../support/edges.ts';
import { openWorld, prompts, type Ended, type World, type WorldOptions } from './world.ts';

const BIG = 'big-model';
const NOWHERE = 'http://127.0.0.1:9/v1';

function configOf(profile: ProfileConfig, dialect: DialectName = 'melious'): NightshiftConfig {
  return defineConfig({
    providers: {
      simulator: { dialect, baseUrl: NOWHERE, polling: { minSeconds: 1 } },
      second: { dialect: 'melious', baseUrl: NOWHERE, polling: { minSeconds: 1 } },
    },
    profiles: { default: { provider: 'simulator', model: 'small-model', retryWaitSeconds: 0, ...profile } },
  });
}

function open(profile: ProfileConfig, options: WorldOptions = {}): Promise<World> {
  return openWorld({ ...options, config: configOf(profile) });
}

/** A second provider with its own clock. Its batches end at once. */
async function openSecond(dialect: DialectName = 'melious'): Promise<Simulator> {
  const simulator = await startSimulator({ apiKey: KEY, clock: createClock(), dialect, stages: AT_ONCE });
  onTestFinished(() => simulator.close());
  return simulator;
}

const AT_ONCE = { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 };

const PERMANENT = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
const TRANSIENT = { kind: 'error', code: 'INFERENCE_3107' } as const;

/** A fault of these rows in the first `times` batches that contain them. */
const fail = (ids: readonly string[], times: Fault['times'] = 1, action: object = PERMANENT): Fault =>
  ({ at: 'row', ids, action, times }) as Fault;

const steps = ({ results }: Ended): string[] =>
  results.map((line) => `${line.custom_id} ${line.ok ? 'ok' : line.outcome} ${line.step ?? '-'}`);

/** Checks that each batch was created once and has ended, and that no file is left at the provider. */
function expectClean(simulator: Simulator): void {
  expect([...simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
  expect(simulator.batches().filter(({ end }) => end === undefined)).toEqual([]);
  expect(simulator.files()).toEqual([]);
}

describe('rows with unreadable lines', () => {
  const unreadable = (ids: readonly string[], times: Fault['times']): Fault =>
    ({ at: 'row', ids, action: { kind: 'unreadable' }, times }) as Fault;

  test('move up once, and are counted as paid twice', async () => {
    const world = await open({ rounds: 1, then: [{ model: BIG }] });
    world.simulator.addFaults(unreadable(['q1'], 1));

    const ended = await world.run(prompts(3));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 1']);
    expect(ended.summary.unexplained).toMatchObject({ paidTwice: 1 });
  });

  test('stay in their step if they were already sent again', async () => {
    const world = await open({ rounds: 2, then: [{ model: BIG, rounds: 2 }, { model: 'biggest' }] });
    world.simulator.addFaults(unreadable(['q1'], 'always'));

    const ended = await world.run(prompts(3));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 exhausted 1', 'q2 ok 1']);
    expect(ended.results[1]).toMatchObject({ error: { code: 'UNREADABLE_RESULT' } });
    expect(world.simulator.answersPerRow().get('q1')).toBe(2);
  });

  test('are sent again once in all steps together', async () => {
    const world = await open({ rounds: 1, then: [{ model: BIG, rounds: 3 }, { model: 'biggest' }] });
    world.simulator.addFaults(unreadable(['q1'], 'always'));

    const ended = await world.run(prompts(3));

    expect(steps(ended)[1]).toBe('q1 exhausted 2');
    expect(world.simulator.answersPerRow().get('q1')).toBe(2);
  });
});

describe('rows that are left', () => {
  test('move up to the next model, and every row has one line at its position', async () => {
    const world = await open({ then: [{ model: BIG }] });
    world.simulator.addFaults(fail(['q1', 'q3']));

    const ended = await world.run(prompts(5));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 1', 'q3 ok 2', 'q4 ok 1']);
    const models = ended.results.map((line) => [line.model, line.provider]);
    expect(models).toEqual(
      ['small-model', BIG, 'small-model', BIG, 'small-model'].map((model) => [model, 'simulator']),
    );
    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 5, failed: 0 }, errors: [] });
    expect(ended.deadLetters).toEqual([]);
    expectClean(world.simulator);
  });

  test('move up after all rounds of their step, all at the same time', async () => {
    const world = await open({ rounds: 2, then: [{ model: BIG }] });
    world.simulator.addFaults(fail(['q0']), fail(['q2'], 2, TRANSIENT), fail(['q3'], 1, TRANSIENT));

    const ended = await world.run(prompts(4));

    expect(steps(ended)).toEqual(['q0 ok 2', 'q1 ok 1', 'q2 ok 2', 'q3 ok 1']);
    expect(ended.summary.batches.map(({ requests }) => requests)).toEqual([4, 2, 2]);
    expect(ended.summary.counts).toMatchObject({ ok: 4, failed: 0, exhausted: 0 });
  });

  test('have the rounds of each step, and the error of the last one if none answers', async () => {
    const world = await open({ rounds: 2, then: [{ model: BIG, rounds: 3 }] });
    world.simulator.addFaults(fail(['q1'], 'always', TRANSIENT));

    const ended = await world.run(prompts(3));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 exhausted 2', 'q2 ok 1']);
    expect(ended.summary).toMatchObject({ status: 'partial', rounds: 5, counts: { ok: 2, exhausted: 1 } });
    expect(ended.summary.errors).toMatchObject([{ outcome: 'exhausted', code: 'INFERENCE_3107', rows: 1 }]);
    // The row has the body of the profile's request, so that it can be dropped again.
    expect(ended.deadLetters).toMatchObject([
      { custom_id: 'q1', body: { model: 'small-model' }, outcome: 'exhausted', round: 5 },
    ]);
  });

  test('move up step by step, and only those that are left', async () => {
    const world = await open({ then: [{ model: BIG }, { model: 'biggest' }] });
    world.simulator.addFaults(fail(['q0', 'q2'], 1), fail(['q3'], 2));

    const ended = await world.run(prompts(5));

    expect(steps(ended)).toEqual(['q0 ok 2', 'q1 ok 1', 'q2 ok 2', 'q3 ok 3', 'q4 ok 1']);
    expect(ended.summary.batches.map(({ requests }) => requests)).toEqual([5, 3, 1]);
    expect(ended.results[3]?.model).toBe('biggest');
  });

  test('have one line each beside invalid rows and rows of several inputs', async () => {
    const world = await open({ then: [{ model: BIG }] });
    world.simulator.addFaults(fail(['q1', 'q2']));
    const rows = prompts(3).split('\n');
    const input = [rows[0], '{"nothing":1}', rows[1], rows[2], ''].join('\n');
    await world.store.put('input/more.jsonl', '{"custom_id":"z0","prompt":"z"}\n');

    const ended = await world.run(input, { more: ['input/more.jsonl'] });

    expect(ended.results.map((line) => [line.custom_id, line.ok, line.source?.line])).toEqual([
      ['q0', true, 1],
      ['row-00000002', false, 2],
      ['q1', true, 3],
      ['q2', true, 4],
      ['z0', true, 1],
    ]);
    expect(ended.summary.counts).toMatchObject({ ok: 4, invalid: 1, failed: 0 });
  });

  test.each([
    ['failed', PERMANENT, ['failed'], 'q0 ok 2'],
    ['failed', PERMANENT, ['exhausted', 'invalid_output'], 'q0 failed 1'],
    ['failed', PERMANENT, ['NO_SUCH_THING'], 'q0 ok 2'],
    ['failed', PERMANENT, ['ANOTHER_THING'], 'q0 failed 1'],
    ['exhausted', TRANSIENT, ['exhausted'], 'q0 ok 2'],
    ['exhausted', TRANSIENT, ['failed'], 'q0 exhausted 1'],
    ['truncated', { kind: 'finish', reason: 'length' }, ['truncated'], 'q0 ok 2'],
    ['truncated', { kind: 'finish', reason: 'length' }, ['failed'], 'q0 ok 1'],
    ['refused', { kind: 'finish', reason: 'content_filter' }, ['refused'], 'q0 ok 2'],
    ['refused', { kind: 'finish', reason: 'content_filter' }, ['truncated'], 'q0 ok 1'],
  ])('that are %s (%j) move to a step for %j: %s', async (_outcome, action, what, end) => {
    const world = await open({ rounds: 1, then: [{ model: BIG, for: what }] });
    world.simulator.addFaults(fail(['q0'], 1, action));

    const ended = await world.run(prompts(2));

    expect(steps(ended)).toEqual([end, 'q1 ok 1']);
  });

  test('move up with an answer that does not match its schema', async () => {
    const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    const world = await open({ output: { schema }, then: [{ model: BIG }] });
    world.simulator.addFaults(fail(['q1'], 1, { kind: 'text', text: 'no JSON' }));

    const ended = await world.run(prompts(2));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2']);
    expect(ended.summary.counts.invalid_output).toBe(0);
  });

  test('keep their answer if the step above has none', async () => {
    const world = await open({ rounds: 1, then: [{ body: { max_tokens: 4_000 }, for: ['truncated'] }] });
    const cut = { kind: 'finish', reason: 'length' };
    // The first unused fault applies: the answer is cut in the first batch, and fails in the second.
    world.simulator.addFaults(fail(['q0'], 1, cut));
    const ended = await openFailing(world).run(prompts(2));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 1']);
    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 2, failed: 0 } });
    expect(ended.deadLetters).toEqual([]);
  });
});

/** Makes every batch after the first one expire without an answer. */
function openFailing(world: World): World {
  for (const nth of [2, 3, 4]) {
    world.simulator.addFaults({ at: 'batch', nth, action: { kind: 'end', as: 'expired', finished: 0 } });
  }
  return world;
}

describe('a step', () => {
  test('changes parameters and removes some', async () => {
    const asked: string[] = [];
    const world = await open(
      {
        body: { temperature: 0, max_tokens: 10 },
        then: [{ body: { max_tokens: 99, temperature: null } }],
      },
      {
        wrap: (call) => async (step, event) => {
          const left = await call(step, event);
          const { shard, jobId, round } = event as { shard: number; jobId: string; round?: number };
          if (step === 'create-batch') {
            const key = shardKey({ jobId, shard }, `round-${round}.requests.jsonl` as 'done.json');
            asked.push(String(await world.store.get(key)));
          }
          return left;
        },
      },
    );
    world.simulator.addFaults(fail(['q0']));

    await world.run(prompts(1));

    const bodies = asked.map((line) => (JSON.parse(line) as { body: object }).body);
    expect(bodies[0]).toMatchObject({ model: 'small-model', max_tokens: 10, temperature: 0 });
    expect(bodies[1]).toMatchObject({ model: 'small-model', max_tokens: 99 });
    expect(bodies[1]).not.toHaveProperty('temperature');
  });

  test('sends its rows directly after a step with batches', async () => {
    const world = await open({ rounds: 1, then: [{ model: BIG, direct: true }] });
    world.simulator.addFaults(fail(['q1'], 1, TRANSIENT));

    const ended = await world.run(prompts(3));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 1']);
    expect(ended.summary).toMatchObject({ sentDirect: 1, rounds: 2 });
    expectClean(world.simulator);
  });

  test('follows one that is sent directly', async () => {
    const world = await open({
      small: 'direct',
      rounds: 1,
      then: [{ direct: true, model: BIG }, { model: 'x' }],
    });
    world.simulator.addFaults({ at: 'realtime', action: { kind: 'status', status: 400 }, times: 2 });

    const ended = await world.run(prompts(1));

    expect(steps(ended)).toEqual(['q0 ok 3']);
    expect(ended.summary.batches.map(({ status }) => status)).toEqual(['direct', 'direct', 'succeeded']);
  });

  test('is found again by a resume', async () => {
    const action = { kind: 'status', status: 402, code: 'BILLING_2003' } as const;
    const world = await open(
      { then: [{ model: BIG }] },
      {
        wrap: (call) => async (step, event) => {
          const left = await call(step, event);
          const { step: up, next } = left as { step?: object; next?: string };
          if (step === 'collect-results' && up !== undefined && next === 'retry')
            world.simulator.addFaults({ at: 'upload', action });
          return left;
        },
      },
    );
    world.simulator.addFaults(fail(['q1']));
    const stopped = await world.run(prompts(3));

    const error = await world.resume(stopped.jobId);
    const ended = await world.run(prompts(3));

    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { ok: 2, failed: 0, exhausted: 1 } });
    expect(stopped.deadLetters).toMatchObject([{ custom_id: 'q1', body: { model: 'small-model' } }]);
    expect(error).toBeUndefined();
    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 1']);
    expectClean(world.simulator);
  });

  test('leaves no files behind after the job has ended', async () => {
    const world = await open({ then: [{ model: BIG }] });
    world.simulator.addFaults(fail(['q1']));

    const { jobId } = await world.run(prompts(3));

    const left = (await Array.fromAsync(world.store.list(`jobs/${jobId}/shards/`))).map(({ key }) => key);
    expect(left.filter((key) => key.endsWith('.jsonl'))).toEqual([]);
    expect(stepKey({ jobId, shard: 0 }, 1, 'raised.jsonl')).toContain('step-1.raised.jsonl');
  });

  test('is paid from the budget at its own price', async () => {
    const price = { inputPerMillion: 0, outputPerMillion: 1_000_000, currency: 'EUR' };
    const dear = { ...price, outputPerMillion: 3_000_000 };
    const world = await open({
      price,
      body: { max_tokens: 10 },
      budget: { max: 100 },
      then: [{ model: BIG, price: dear }],
    });
    world.simulator.addFaults(fail(['q0']));

    const ended = await world.run(prompts(2, (n) => `echo:${n} ${'word '.repeat(7)}`));

    expect(ended.summary.status).toBe('succeeded');
    expect(await readJobLedger(world.store, ended.jobId)).toMatchObject({ spent: 40, open: {} });
    expect(ended.summary.cost).toEqual({ amount: 40, currency: 'EUR' });
    expect(ended.summary.steps).toMatchObject([
      { step: 1, provider: 'simulator', model: 'small-model', ok: 1, cost: { amount: 10 } },
      { step: 2, provider: 'simulator', model: BIG, ok: 1, cost: { amount: 30 } },
    ]);
  });
});

describe('a provider that fails as a whole', () => {
  const DENIED: Fault = {
    at: 'upload',
    action: { kind: 'status', status: 402, code: 'BILLING_2003' },
    times: 'always',
  };
  const DOWN: Fault = { at: 'upload', action: { kind: 'status', status: 503 }, times: 'always' };

  test.each([
    ['denied', DENIED],
    ['unavailable', DOWN],
  ])('because it is %s passes its rows to the next one, if the ladder says so', async (what, fault) => {
    const second = await openSecond();
    const world = await open(
      { then: [{ provider: 'second', model: BIG, for: [what] }] },
      { faults: [fault], urls: { second: second.url } },
    );

    const ended = await world.run(prompts(3));

    expect(steps(ended)).toEqual(['q0 ok 2', 'q1 ok 2', 'q2 ok 2']);
    expect(ended.results[0]).toMatchObject({ provider: 'second', model: BIG });
    expect(ended.summary.status).toBe('succeeded');
    expect(world.simulator.createsPerKey().size).toBe(0);
    expectClean(second);
  });

  test.each([
    ['denied', DENIED, 'ProviderDenied'],
    ['unavailable', DOWN, 'ProviderUnavailable'],
  ])('because it is %s stops the job otherwise', async (_what, fault, name) => {
    const world = await open({ then: [{ model: BIG }] }, { faults: [fault] });

    const ended = await world.run(prompts(3));

    expect(ended.summary).toMatchObject({ status: 'failed', failure: { name } });
  });

  test('within a batch passes the denied rows and those without an answer to the next one', async () => {
    const second = await openSecond();
    const world = await open(
      { then: [{ provider: 'second', model: BIG, for: ['denied'] }] },
      { urls: { second: second.url } },
    );
    const denied = { kind: 'error', code: 'BILLING_2003', status: 402 };
    world.simulator.addFaults(fail(['q1'], 1, denied), fail(['q2'], 1, { kind: 'drop' }));

    const ended = await world.run(prompts(4));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 2', 'q3 ok 1']);
    expect(ended.summary.status).toBe('succeeded');
  });

  test('after its batch was created keeps the rows: they are paid for and wait for a resume', async () => {
    const second = await openSecond();
    const world = await open(
      { then: [{ provider: 'second', model: BIG, for: ['unavailable'] }] },
      { urls: { second: second.url } },
    );
    world.simulator.addFaults({ at: 'get', action: { kind: 'status', status: 503 }, times: 200 });
    const { jobId, summary } = await world.run(prompts(2));

    await world.resume(jobId);
    const ended = await world.run(prompts(2));

    expect(summary.status).toBe('failed');
    expect(second.createsPerKey().size).toBe(0);
    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 1']);
    expectClean(world.simulator);
  });
});

describe('rows that move from one dialect to another', () => {
  const PAIRS: [DialectName, DialectName][] = [
    ['openai', 'anthropic'],
    ['anthropic', 'mistral'],
    ['mistral', 'openai'],
    ['melious', 'together'],
    ['groq', 'anthropic'],
  ];

  tableOf(PAIRS, 3).test('%s to %s: each row is sent in the format of its provider', async (from, to) => {
    const second = await openSecond(to);
    const config = configOf(
      { body: { max_tokens: 20 }, then: [{ provider: 'second', model: BIG }], shardLimits: { maxRows: 4 } },
      from,
    );
    const providers = {
      ...config.providers,
      second: { dialect: to, baseUrl: NOWHERE, polling: { minSeconds: 1 } },
    };
    const world = await openWorld({
      config: { ...config, providers },
      dialect: from,
      urls: { second: second.url },
    });
    world.simulator.addFaults(fail(['q1', 'q5']));

    const ended = await world.run(prompts(8, (n) => `echo:answer ${n}`));

    expect(steps(ended).filter((line) => line.endsWith('ok 2'))).toEqual(['q1 ok 2', 'q5 ok 2']);
    expect(ended.results.map((line) => (line.ok ? line.text : undefined))).toEqual(
      Array.from({ length: 8 }, (_, n) => `answer ${n}`),
    );
    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 8 } });
    expectClean(second);
  });
});

test('a row with an id that the next provider does not accept stays in its step', async () => {
  const second = await openSecond('anthropic');
  const config = configOf({ body: { max_tokens: 20 }, then: [{ provider: 'second', model: BIG }] });
  const providers = { ...config.providers, second: { dialect: 'anthropic', baseUrl: NOWHERE } };
  const world = await openWorld({ config: { ...config, providers }, urls: { second: second.url } });
  world.simulator.addFaults(fail(['q 1', 'q2']));

  const ended = await world.run('{"custom_id":"q 1","prompt":"a"}\n{"custom_id":"q2","prompt":"b"}\n');

  expect(steps(ended)).toEqual(['q 1 failed 1', 'q2 ok 2']);
});

test('a shard in its second step counts each row once while it runs', async () => {
  const seen: number[] = [];
  const world = await open(
    { then: [{ model: BIG }] },
    {
      wrap: (call) => async (step, event) => {
        const left = await call(step, event);
        const { jobId, shard } = event as { jobId: string; shard: number };
        if (step === 'collect-results') {
          const rounds = await readCollected(world.store, { jobId, shard });
          seen.push(rounds.reduce((sum, { failed, raised }) => sum + failed - (raised?.failed ?? 0), 0));
        }
        return left;
      },
    },
  );
  world.simulator.addFaults(fail(['q0']));

  await world.run(prompts(2));

  expect(seen).toEqual([0, 0]);
});
