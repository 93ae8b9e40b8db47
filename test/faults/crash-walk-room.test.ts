import { describe, expect, test } from 'vitest';
import { hasLetGo } from '../../src/batches/let-go.ts';
import { hasRoom } from '../../src/batches/room-queue.ts';
import { takeRoom } from '../../src/batches/take-room.ts';
import { defineConfig } from '../../src/config/config.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'c'];
const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`).join('');

/** Less than two shards need together. */
const TOKENS = 8;

const CONFIG = defineConfig({
  providers: {
    simulator: {
      dialect: 'melious',
      baseUrl: 'http://127.0.0.1:9/v1',
      maxBatches: 2,
      enqueuedTokens: TOKENS,
    },
  },
  profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
});

/** A job of three shards, of which one at a time has room at the provider. One row needs a second round. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    config: CONFIG,
    profile: { shardLimits: { maxRows: 1 } },
    enqueuedTokens: { tokens: TOKENS, refuses: 'create' },
    faults: [{ at: 'row', ids: ['b'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 }],
  });
}

async function undisturbed(): Promise<{ readonly end: JobEnd; readonly effects: readonly string[] }> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: counter.edges, wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  return { end: await trial.end(), effects: counter.names };
}

const { end: expected, effects } = await undisturbed();

test('the shards of the job without a crash change the room at the provider', () => {
  expect(expected.summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 }, rounds: 2 });
  expect(effects.filter((name) => name.includes('room/limited/')).length).toBeGreaterThanOrEqual(8);
});

/** Whether another job gets all the room after it has checked the recorded holders. */
async function isAllFree({ edges }: Trial): Promise<boolean> {
  const { provider } = resolveProfile(CONFIG, 'default');
  const asking = { jobId: 'later', shard: 0, round: 1, model: 'glm-4.7:batch', tokens: TOKENS };
  const at = Math.floor(edges.clock.now() / 1_000) + 3_600;
  const limits = { slots: 1, tokensOf: () => TOKENS };
  const wanted = { provider: provider.name, asking: { ...asking, at }, limits };
  return hasRoom(await takeRoom(edges, wanted, (holder) => hasLetGo(edges, provider, holder)), asking);
}

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  const changes = effects
    .map((name, n) => [n + 1, name] as const)
    .filter(([, name]) => /room|creating|batch|collected|done/.test(name));
  tableOf(changes, 2).test(
    'after effect %i (%s), no batch is refused for its tokens, and all room is free in the end',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      expect((await trial.end()).results).toBe(expected.results);
      expect(trial.simulator.requests().filter(({ status }) => status === 429)).toEqual([]);
      expect(await isAllFree(trial)).toBe(true);
    },
  );
});
