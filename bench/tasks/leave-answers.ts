import type { ProfileConfig } from '../../src/config/config.ts';
import { resultsKey, roundKey, shardKey } from '../../src/checkpoints/keys.ts';
import { eachOwnLine } from '../../src/jsonl/own-lines.ts';
import { readCustomId } from '../../src/jsonl/custom-id.ts';
import { writeAnswerIndex } from '../../src/reuse/write-index.ts';
import { buildFast } from '../../src/steps/build-plan.ts';
import { answerLine } from '../data/answers.ts';
import { openEdges } from './job.ts';
import { makeJob } from './make-job.ts';

/**
 * Writes what a finished job leaves for later jobs: `leave-answers <input key> <profile as JSON>`. Prints the duration of
 * indexing in milliseconds.
 */
const [input = '', profile = '{}'] = process.argv.slice(2);
const { store } = openEdges();
const job = { ...makeJob(input, JSON.parse(profile) as ProfileConfig), jobId: 'earlier' };
const plan = await buildFast(store, job);
const shards = [...plan.shards.keys()].map((shard) => ({ jobId: job.jobId, shard }));
for (const ref of shards) {
  const results = store.write(shardKey(ref, 'results.jsonl'));
  for await (const line of eachOwnLine(store, roundKey(ref, 1, 'requests.jsonl')))
    await results.write(answerLine(readCustomId(line)));
  await results.close();
}
const parts = shards.map((ref) => shardKey(ref, 'results.jsonl'));
await store.concat(resultsKey(job.jobId), parts);
const start = performance.now();
await writeAnswerIndex(store, { job, plan, fileOf: () => 'results.jsonl', at: job.createdAt });
process.stdout.write(String(Math.round(performance.now() - start)));
