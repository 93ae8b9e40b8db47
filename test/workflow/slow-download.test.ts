import { describe, expect, test } from 'vitest';
import { tableOf } from '../support/exhaustive.ts';
import type { Fault } from '../../simulator/faults.ts';
import type { StepTime } from '../../src/pace.ts';
import { openWorld, prompts, type Ended, type World } from './world.ts';

/** Files of several chunks each. */
const INPUT = prompts(900, (n) =>
  n % 9 === 0 ? `[fail:INFERENCE_3207] ${n}` : `echo:${n} ${'ü'.repeat(90)}`,
);

const NEVER_ENOUGH: StepTime = { isShort: () => true, isOver: () => false };
const OVER: StepTime = { isShort: () => true, isOver: () => true };

const inCollect =
  (time: StepTime) =>
  (step: string): StepTime | undefined =>
    step === 'collect-results' ? time : undefined;

const enteredCollect = ({ events }: World): number =>
  events.filter(({ type, state }) => type === 'StateEntered' && state === 'Collect results').length;

let expected: Promise<Ended> | undefined;

/** The job's end when nothing is slow. It runs once, for the first test that needs it. */
const undisturbed = (): Promise<Ended> => (expected ??= openWorld().then((world) => world.run(INPUT)));

const SLOW: readonly (readonly [string, Fault[]])[] = [
  ['where the provider sends ranges', []],
  [
    'where connections break off, too',
    [{ at: 'content', action: { kind: 'breaks', afterBytes: 30_000 }, times: 5 }],
  ],
  ['where it has no ranges', [{ at: 'content', action: { kind: 'refuses-range' }, times: 'always' }]],
  ['where it sends whole files', [{ at: 'content', action: { kind: 'ignores-range' }, times: 'always' }]],
  ['where it sends other ranges', [{ at: 'content', action: { kind: 'wrong-range' }, times: 'always' }]],
  ['where the file has grown by then', [{ at: 'content', action: { kind: 'grows' }, times: 2 }]],
  ['where its lines are in another order', [{ at: 'content', action: { kind: 'reorders' }, times: 2 }]],
  ['where its files are late', [{ at: 'batch', action: { kind: 'late', shows: 'growing', seconds: 240 } }]],
  [
    'where they are not found at first',
    [{ at: 'batch', action: { kind: 'late', shows: 'not-found', seconds: 240 } }],
  ],
];

describe('a collect that never has enough time continues in further calls', () => {
  tableOf(SLOW, 3).test('%s, and has the same results', async (_, faults) => {
    const world = await openWorld({ time: inCollect(NEVER_ENOUGH), faults });

    const { results, summary, deadLettersText } = await world.run(INPUT);

    const whole = await undisturbed();
    expect(results).toEqual(whole.results);
    expect(deadLettersText).toBe(whole.deadLettersText);
    expect(summary.counts).toEqual(whole.summary.counts);
    expect(enteredCollect(world)).toBeGreaterThan(2);
    expect([...world.simulator.createsPerKey().values()]).toEqual([1]);
    expect(world.simulator.files()).toEqual([]);
    expect(world.logs.filter(({ event }) => event === 'rows_deleted')).toHaveLength(1);
  });
});

test('a file that takes longer than a step and is only sent from its start stops its shard, and a resume collects it', async () => {
  let time = OVER;
  const world = await openWorld({
    time: (step) => inCollect(time)(step),
    faults: [{ at: 'content', action: { kind: 'ignores-range' }, times: 'always' }],
  });

  const stopped = await world.run(INPUT);
  time = NEVER_ENOUGH;
  const ended = await world.run(INPUT);

  expect(stopped.summary).toMatchObject({
    status: 'failed',
    failure: {
      name: 'StepTimedOut',
      message: expect.stringMatching(/^Shard 0, round 1 of job .*can only be read from its start/) as string,
    },
    advice: expect.stringMatching(/are paid for: .*nightshift resume <job>/) as string,
  });
  expect(ended.results).toEqual((await undisturbed()).results);
  expect([...world.simulator.createsPerKey().values()]).toEqual([1]);
});
