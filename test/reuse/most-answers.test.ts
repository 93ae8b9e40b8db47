import { expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { roundKey } from '../../src/checkpoints/keys.ts';
import { eachOwnLine } from '../../src/jsonl/own-lines.ts';
import { EarlierAnswers } from '../../src/reuse/earlier-answers.ts';
import { profileOf } from '../rows/build.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { endJob } from './earlier-job.ts';

const jobOf = (jobId: string, day: number): Job => ({
  jobId,
  inputs: [{ key: `input/${jobId}.jsonl` }],
  createdAt: `2026-11-0${day}T00:00:00.000Z`,
  profile: profileOf({ reuse: 'always' }),
});

test('a job considers a limited number of answers of earlier jobs, those of the newest jobs first', async () => {
  const store = createMemoryStore(509);
  const asked = [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ];
  for (const [n, prompts] of asked.entries()) {
    const rows = prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`);
    await store.put(`input/night-${n}.jsonl`, rows.join(''));
    await endJob(store, jobOf(`night-${n}`, n + 1));
  }
  const known: Record<number, string[]> = {};
  for (const most of [0, 1, 4, 10]) {
    const earlier = await EarlierAnswers.open(store, jobOf('next', 9), { most });
    known[most] = [];
    for (const n of [0, 1, 2])
      for await (const line of eachOwnLine(
        store,
        roundKey({ jobId: `night-${n}`, shard: 0 }, 1, 'requests.jsonl'),
      ))
        if (earlier?.look(line) !== undefined) known[most].push(`night-${n}`);
  }

  const [oldest, middle, newest] = ['night-0', 'night-1', 'night-2'];
  expect(known).toEqual({
    0: [],
    1: [newest],
    4: [middle, middle, newest, newest],
    10: [oldest, oldest, middle, middle, newest, newest],
  });
});
