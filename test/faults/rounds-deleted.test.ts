import { expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { JOB_ID, openTrial, violations, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'bad', 'c', 'd', 'again', 'e'];
const INPUT = IDS.map(
  (id) => `${JSON.stringify({ custom_id: id, prompt: id === 'bad' ? '' : `echo:${id}` })}\n`,
).join('');

/** Uses a folder as the bucket, as on one machine. */
const open = async (profile: ProfileConfig = {}): Promise<Trial> =>
  openTrial({
    input: INPUT,
    store: createFolderStore(await openTempFolder()),
    faults: [
      { at: 'row', ids: ['again'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      { at: 'row', ids: ['b'], action: { kind: 'error', code: 'NO_SUCH_THING' }, times: 'always' },
    ],
    profile: { shardLimits: { maxRows: 3 }, ...profile },
  });

/** Calls a function before the results of the job are joined. */
const beforeJoin =
  (look: () => Promise<void>) =>
  (edges: TaskEdges): TaskEdges => {
    const { store } = edges;
    const isJoined = (key: string): boolean => key === `output/${JOB_ID}/results.jsonl`;
    return {
      ...edges,
      store: {
        ...store,
        concat: async (key, ...rest) => {
          if (isJoined(key)) await look();
          await store.concat(key, ...rest);
        },
      },
    };
  };

async function roundFiles({ edges: { store } }: Trial): Promise<string[]> {
  const keys = (await Array.fromAsync(store.list(`jobs/${JOB_ID}/shards/`))).map(({ key }) => key);
  return keys.filter((key) => /\/round-[1-9]\d*\..*\.jsonl$/.test(key)).map((key) => key.slice(-21));
}

test('on one machine, the files of all rounds are deleted before the results of a job are joined', async () => {
  await using trial = await open();
  let left: string[] | undefined;

  await trial.run({ wrap: beforeJoin(async () => void (left = await roundFiles(trial))) });

  expect(left).toEqual([]);
  expect((await trial.end()).summary).toMatchObject({
    status: 'partial',
    counts: { ok: 5, failed: 1, invalid: 1 },
  });
});

test('the requests of a job whose answers are indexed for reuse stay until they are indexed', async () => {
  await using trial = await open({ reuse: 'always' });
  let left: readonly string[] = [];

  await trial.run({ wrap: beforeJoin(async () => void (left = await roundFiles(trial))) });

  expect(left).not.toEqual([]);
  expect(left.every((key) => key.endsWith('requests.jsonl'))).toBe(true);
  expect(await trial.edges.store.stat(`output/${JOB_ID}/answers.index`)).toBeDefined();
});

test('a job that fails after this is resumed, has the same results, and pays nothing again', async () => {
  await using undisturbed = await open();
  await undisturbed.run();
  await using trial = await open();

  await trial.run({ wrap: beforeJoin(() => Promise.reject(new Error('The disk is full.'))) });
  expect((await trial.end()).results).toBe('');
  await trial.run();

  const { summary, ...files } = await trial.end();
  const { summary: expected, ...expectedFiles } = await undisturbed.end();
  expect(files).toEqual(expectedFiles);
  expect(summary?.counts).toEqual(expected?.counts);
  expect(await violations(trial, IDS)).toEqual([]);
});
