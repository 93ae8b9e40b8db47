import { onTestFinished, describe, expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { defineConfig, type ProfileConfig } from '../../src/config/config.ts';
import type { DialectName } from '../../src/provider/dialects/dialects.ts';
import { createClock } from '../support/clock.ts';
import { tableOf } from '../support/exhaustive.ts';
import { KEY } from '../support/edges.ts';
import { expectReconciled, openWorld, prompts, type Ended, type World } from './world.ts';

const NOWHERE = 'http://127.0.0.1:9/v1';
const AT_ONCE = { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 };

async function openProvider(dialect: DialectName, faults: readonly Fault[] = []): Promise<Simulator> {
  const simulator = await startSimulator({
    apiKey: KEY,
    clock: createClock(),
    dialect,
    stages: AT_ONCE,
    faults,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

interface Chain {
  readonly world: World;
  /** The provider of each step. */
  readonly providers: readonly Simulator[];
}

/** A world with a ladder of three steps, each with its own provider. */
async function openChain(
  dialects: readonly [DialectName, DialectName, DialectName],
  profile: ProfileConfig,
  faults: readonly (readonly Fault[])[] = [],
): Promise<Chain> {
  const [first, second, third] = dialects;
  const others = [await openProvider(second, faults[1]), await openProvider(third, faults[2])] as const;
  const polling = { minSeconds: 1 };
  const config = defineConfig({
    providers: {
      simulator: { dialect: first, baseUrl: NOWHERE, polling },
      second: { dialect: second, baseUrl: NOWHERE, polling },
      third: { dialect: third, baseUrl: NOWHERE, polling },
    },
    profiles: {
      default: {
        provider: 'simulator',
        model: 'small',
        body: { max_tokens: 20 },
        rounds: 1,
        retryWaitSeconds: 0,
        then: [
          { provider: 'second', model: 'big' },
          { provider: 'third', model: 'biggest' },
        ],
        ...profile,
      },
    },
  });
  const urls = { second: others[0].url, third: others[1].url };
  const world = await openWorld({ config, dialect: first, faults: faults[0] ?? [], urls });
  return { world, providers: [world.simulator, ...others] };
}

const SAME = ['melious', 'melious', 'melious'] as const;

const steps = ({ results }: Ended): string[] =>
  results.map((line) => `${line.custom_id} ${line.ok ? 'ok' : line.outcome} ${line.step ?? '-'}`);

const row = (action: object): Fault => ({ at: 'row', ids: ['q1'], action, times: 'always' }) as Fault;
const call = (at: 'upload' | 'create', status: number, code?: string): Fault => ({
  at,
  action: { kind: 'status', status, ...(code !== undefined && { code }) },
  times: 'always',
});

/** Faults of a step, the rows that it leaves, and the outcome for which the next step takes them. */
const STRUCK: readonly (readonly [string, Fault, 'q1' | 'all', string])[] = [
  ['rejects the row', row({ kind: 'error', code: 'NO_SUCH_THING', status: 400 }), 'q1', 'failed'],
  ['fails with a transient error', row({ kind: 'error', code: 'INFERENCE_3107' }), 'q1', 'exhausted'],
  ['has no line of the row', row({ kind: 'drop' }), 'q1', 'exhausted'],
  ['cuts the answer off', row({ kind: 'finish', reason: 'length' }), 'q1', 'truncated'],
  ['filters the answer', row({ kind: 'finish', reason: 'content_filter' }), 'q1', 'refused'],
  ['expires', { at: 'batch', action: { kind: 'end', as: 'expired', finished: 0 } }, 'all', 'exhausted'],
  ['is out of credit', call('upload', 402, 'BILLING_2003'), 'all', 'denied'],
  ['is out of credit when its batch is made', call('create', 402, 'BILLING_2003'), 'all', 'denied'],
  ['is down', call('upload', 503), 'all', 'unavailable'],
];

const AT_EACH_STEP = STRUCK.flatMap((struck) => ([1, 2] as const).map((at) => [at, ...struck] as const));

describe('the provider of step', () => {
  tableOf(AT_EACH_STEP, 6).test(
    '%i %s: its rows move up, and each has one line at its position',
    async (at, _what, fault, left, what) => {
      // The first step leaves the rows that the second step gets.
      const before =
        at === 1
          ? []
          : [
              {
                at: 'row',
                every: 1,
                action: { kind: 'error', code: 'GONE', status: 400 },
                times: 'always',
              } as Fault,
            ];
      const faults = at === 1 ? [[fault], [], []] : [before, [fault], []];
      const step = (provider: string, model: string) => ({ provider, model, for: ['failed', what] });
      const { world, providers } = await openChain(
        SAME,
        { then: [step('second', 'big'), step('third', 'biggest')] },
        faults,
      );

      const ended = await world.run(prompts(3));

      const own = left === 'all' ? at + 1 : at;
      expect(steps(ended)).toEqual([`q0 ok ${own}`, `q1 ok ${at + 1}`, `q2 ok ${own}`]);
      expectReconciled(ended);
      for (const provider of providers) {
        expect([...provider.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
        expect(provider.batches().filter(({ end }) => end === undefined)).toEqual([]);
      }
    },
  );

  test.each([
    ['is out of credit', call('upload', 402, 'BILLING_2003'), 1, 'ProviderDenied'],
    ['is down', call('upload', 503), 30, 'ProviderUnavailable'],
  ] as const)(
    '2 %s, and the ladder has no rule for that: the job fails, and a resume continues',
    async (_what, fault, times, name) => {
      const first = row({ kind: 'error', code: 'GONE', status: 400 });
      const { world, providers } = await openChain(SAME, {}, [[first], [{ ...fault, times }], []]);
      const input = prompts(3);

      const { jobId, summary } = await world.run(input);
      for (let n = 0; n < 5; n += 1) await world.resume(jobId);
      const ended = await world.run(input);

      expect(summary).toMatchObject({ status: 'failed', failure: { name } });
      expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 1']);
      expectReconciled(ended);
      expect(providers[0]?.batches()).toHaveLength(1);
    },
  );
});

describe('rows of a batch that expired, with rounds left,', () => {
  const expires: Fault = { at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0.5 } };

  test('move up immediately if the next step takes them, and failed rows stay', async () => {
    const { world, providers } = await openChain(
      SAME,
      { rounds: 3, then: [{ provider: 'second', model: 'big', for: ['expired'] }] },
      [[expires, { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'GONE', status: 400 } }], [], []],
    );

    const ended = await world.run(prompts(4));

    expect(steps(ended)).toEqual(['q0 ok 2', 'q1 failed 1', 'q2 ok 2', 'q3 ok 1']);
    expect(providers.map((provider) => provider.batches().length)).toEqual([1, 1, 0]);
    expectReconciled(ended);
  });

  test('have their further rounds first if the next step does not take them', async () => {
    const { world, providers } = await openChain(
      SAME,
      { rounds: 3, then: [{ provider: 'second', model: 'big', for: ['exhausted'] }] },
      [[expires], [], []],
    );

    const ended = await world.run(prompts(4));

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 1', 'q2 ok 1', 'q3 ok 1']);
    expect(providers.map((provider) => provider.batches().length)).toEqual([2, 0, 0]);
  });

  test('stay in their step if the job was cancelled: a resume sends them there again', async () => {
    let isCancelled = false;
    const stuck: Fault = {
      at: 'batch',
      nth: 1,
      action: { kind: 'stuck', status: 'in_progress', finished: 0.5 },
    };
    const world: World = await openWorld({
      faults: [stuck],
      wrap: (call) => async (step, event) => {
        const output = await call(step, event);
        if (step === 'poll-batch' && !isCancelled) {
          isCancelled = true;
          await world.cancel((event as { jobId: string }).jobId);
        }
        return output;
      },
    });
    const then = [{ model: 'big', for: ['expired'] }];
    const run = world.run(prompts(4), { rounds: 3, then });
    const { jobId } = await run.catch(() => world.ended('test-rows-jsonl'));
    await world.ended(jobId);

    await world.resume(jobId);
    const ended = await world.ended(jobId);

    expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 1', 'q2 ok 1', 'q3 ok 1']);
  });
});

test('rows are converted from the format of OpenAI to those of Anthropic and Mistral', async () => {
  const leaves = (...ids: string[]): Fault => ({
    at: 'row',
    ids,
    action: { kind: 'error', code: 'GONE', status: 400 },
    times: 'always',
  });
  const { world, providers } = await openChain(['openai', 'anthropic', 'mistral'], {}, [
    [leaves('q1', 'q2')],
    [leaves('q2')],
    [],
  ]);

  const ended = await world.run(prompts(4, (n) => `echo:answer ${n}`));

  expect(steps(ended)).toEqual(['q0 ok 1', 'q1 ok 2', 'q2 ok 3', 'q3 ok 1']);
  expect(ended.results.map((line) => (line.ok ? line.text : undefined))).toEqual([
    'answer 0',
    'answer 1',
    'answer 2',
    'answer 3',
  ]);
  expect(ended.summary.steps).toMatchObject([
    { step: 1, rows: 4, ok: 2 },
    { step: 2, rows: 2, ok: 1, provider: 'second', model: 'big' },
    { step: 3, rows: 1, ok: 1, provider: 'third', model: 'biggest' },
  ]);
  expectReconciled(ended);
  expect(providers.map((provider) => provider.batches().length)).toEqual([1, 1, 1]);
});

test('a row with its own model keeps it until a step names a model', async () => {
  const world = await openWorld();
  world.simulator.addFaults(row({ kind: 'error', code: 'GONE', status: 400 }));
  const own = { custom_id: 'q1', body: { model: 'own', messages: [{ role: 'user', content: 'a' }] } };

  await world.run(`${JSON.stringify(own)}\n`, {
    rounds: 1,
    then: [{ body: { seed: 1 } }, { model: 'big' }, { body: { seed: 2 } }],
  });

  expect(world.simulator.batches().map(({ model }) => model)).toEqual(['own', 'own', 'big', 'big']);
});

describe('rows that share the request of an earlier row', () => {
  const TEXTS = ['a', 'b', 'a', 'c', 'b', 'a'];
  const input = prompts(TEXTS.length, (n) => `echo:${TEXTS[n]}`);
  const bare = ({ results }: Ended) => results.map((line) => ({ ...line, answeredBy: undefined }));

  test.each([
    ['the next step answers it', 1],
    ['no step answers it', 'always'],
  ] as const)('get its line from the step that answered, over shards: %s', async (_what, times) => {
    const run = async (dedupe: boolean): Promise<Ended & { readonly answers: number }> => {
      const world = await openWorld();
      const ids = dedupe ? ['q0'] : ['q0', 'q2', 'q5'];
      world.simulator.addFaults({
        at: 'row',
        ids,
        times,
        action: { kind: 'error', code: 'GONE', status: 400 },
      });
      const options = { dedupe, then: [{ model: 'big' }], rounds: 1, shardLimits: { maxRows: 2 } };
      const ended = await world.run(input, options);
      return {
        ...ended,
        answers: [...world.simulator.answersPerRow().values()].reduce((sum, n) => sum + n, 0),
      };
    };

    const [once, each] = [await run(true), await run(false)];

    expect(bare(once)).toEqual(bare(each));
    expect(once.results[2]).toMatchObject({ answeredBy: 'q0', step: 2 });
    expect(once.deadLetters).toEqual(each.deadLetters);
    expect(once.summary.counts).toEqual(each.summary.counts);
    expect(once.summary.deduplicated?.rows).toBe(3);
    expect(once.answers).toBeLessThan(each.answers);
    expectReconciled(once);
  });

  test('get an answer that stayed because no step had a better one', async () => {
    const struck = (action: object): Fault => ({ at: 'row', ids: ['q0'], action, times: 'always' }) as Fault;
    const { world } = await openChain(
      SAME,
      { dedupe: true, then: [{ provider: 'second', model: 'big', for: ['truncated'] }] },
      [
        [struck({ kind: 'finish', reason: 'length' })],
        [struck({ kind: 'error', code: 'GONE', status: 400 })],
        [],
      ],
    );

    const ended = await world.run(input);

    const [first, , third] = ended.results;
    expect(first).toMatchObject({ ok: true, finish_reason: 'length', step: 1 });
    expect(third).toEqual({ ...first, custom_id: 'q2', answeredBy: 'q0' });
    expectReconciled(ended);
  });
});

describe('late and small', () => {
  /** Without the fields that only jobs with a ladder have. */
  const bare = ({ results }: Ended) =>
    results.map((line) => ({ ...line, step: undefined, provider: undefined, round: undefined }));

  test('late has the same results as a direct step for exhausted rows', async () => {
    const run = async (profile: ProfileConfig): Promise<Ended> => {
      const world = await openWorld();
      world.simulator.addFaults({ at: 'batch', action: { kind: 'end', as: 'expired', finished: 0.5 } });
      return world.run(prompts(6), { rounds: 1, ...profile });
    };

    const late = await run({ late: 'direct' });
    const ladder = await run({ then: [{ direct: true, for: ['exhausted'] }] });

    expect(bare(late)).toEqual(bare(ladder));
    expect(late.summary).toMatchObject({ status: 'succeeded', sentDirect: 3 });
    expect(ladder.summary).toMatchObject({ status: 'succeeded', sentDirect: 3 });
  });

  test.each<[string, Fault]>([
    ['expired', { at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0.5 } }],
    ['never ended', { at: 'batch', nth: 1, action: { kind: 'stuck', status: 'in_progress', finished: 0.5 } }],
    [
      'expired without an answer',
      { at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0 } },
    ],
  ])(
    'late is the short form of a direct step for exhausted and expired rows: a batch that %s',
    async (_what, fault) => {
      const run = async (profile: ProfileConfig): Promise<[Ended, number]> => {
        const world = await openWorld({ faults: [fault] });
        return [await world.run(prompts(6), { rounds: 3, ...profile }), world.simulator.batches().length];
      };

      const [late, lateBatches] = await run({ late: 'direct' });
      const [ladder, ladderBatches] = await run({ then: [{ direct: true, for: ['exhausted', 'expired'] }] });

      expect(bare(late)).toEqual(bare(ladder));
      expect([lateBatches, ladderBatches]).toEqual([1, 1]);
      expect(late.summary.sentDirect).toBe(ladder.summary.sentDirect);
      expect(ladder.summary.status).toBe('succeeded');
      expectReconciled(ladder);
    },
  );

  test('with a ladder, late rows are sent directly before any of them moves up', async () => {
    const world = await openWorld();
    world.simulator.addFaults({ at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0.5 } });
    world.simulator.addFaults(row({ kind: 'error', code: 'GONE', status: 400 }));

    const { results, summary } = await world.run(prompts(4), {
      rounds: 1,
      late: 'direct',
      then: [{ model: 'big' }],
    });

    expect(summary).toMatchObject({ sentDirect: 2, steps: [{ step: 1 }, { step: 2 }] });
    expect(results.filter((line) => line.step === 2).map(({ custom_id }) => custom_id)).toEqual(['q1']);
  });
});
