import { createHash } from 'node:crypto';
import type { Job } from '../../src/checkpoints/job.ts';
import { resultsKey, roundKey, shardKey } from '../../src/checkpoints/keys.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import { eachOwnLine } from '../../src/jsonl/own-lines.ts';
import { writeAnswerIndex } from '../../src/reuse/write-index.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** The result line of a request. Its answer depends only on the body. */
export function answerLine(requestLine: string): string {
  const { custom_id, body } = JSON.parse(requestLine) as { custom_id: string; body: object };
  const text = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 12);
  const usage = { prompt_tokens: 3, completion_tokens: 2 };
  return `${JSON.stringify({ custom_id, ok: true, text, model: 'm', usage, round: 1 })}\n`;
}

/** Builds a job and writes what its end leaves, with an answer for each row that is sent. */
export async function endJob(
  store: ObjectStore,
  job: Job,
  at = job.createdAt,
  answer: (requestLine: string) => string = answerLine,
): Promise<Plan> {
  const { jobId } = job;
  const plan = await buildShards(store, job);
  const shards = [...plan.shards.keys()].map((shard) => ({ jobId, shard }));
  for (const ref of shards) {
    const requests = eachOwnLine(store, roundKey(ref, 1, 'requests.jsonl'));
    const unsent = await Array.fromAsync(eachOwnLine(store, roundKey(ref, 0, 'results.jsonl')));
    const lines: string[] = [];
    for await (const request of requests) {
      while ((unsent[lines.length]?.length ?? 0) > 1) lines.push(String(unsent[lines.length]));
      lines.push(answer(String(request)));
    }
    lines.push(...unsent.slice(lines.length).map(String));
    await store.put(shardKey(ref, 'results.jsonl'), lines.join(''));
  }
  const sources = shards.map((ref) => shardKey(ref, 'results.jsonl'));
  await store.concat(resultsKey(jobId), sources);
  await writeAnswerIndex(store, { job, plan, fileOf: () => 'results.jsonl', at });
  return plan;
}
