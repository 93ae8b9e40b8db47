import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { jobKey, planKey, roundKey, shardKey } from '../src/keys.ts';
import { createFolderStore } from '../src/store/folder-store.ts';
import { writeJson } from '../src/store/json.ts';
import { NO_USAGE } from '../src/collect/usage.ts';
import { benchJob } from './job.ts';
import { JOB_ID } from './programs/job-id.ts';

/** Numbers in [0, 1) that are a function of the seed alone: mulberry32, public domain. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WORDS =
  'the quick delivery was great but “price” and quality café are not what we expected from a shop like this'.split(
    ' ',
  );

function sentence(random: () => number, length: number): string {
  let text = '';
  while (text.length < length) text += `${WORDS[Math.floor(random() * WORDS.length)] ?? ''} `;
  return text.trim();
}

/** Writes lines; a line is a function of its number, counted from 1. */
async function writeLines(
  path: string,
  count: number,
  line: (n: number) => string,
  first = '',
): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: 4_000_000 });
  file.write(first);
  for (let n = 1; n <= count; n += 1) if (!file.write(`${line(n)}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'close');
}

/** The job that makes request lines of an input, in a folder of its own. */
export async function writeBuildJob(folder: string, input: string): Promise<void> {
  await writeJson(createFolderStore(folder), jobKey(JOB_ID), benchJob('/v1/chat/completions', [input]));
}

/** Prompts of about 300 bytes a row, every tenth with a quote and a line end. */
export async function writePrompts(path: string, rows: number): Promise<void> {
  const random = randomFrom(1);
  await writeLines(path, rows, (n) =>
    JSON.stringify({
      custom_id: `review-${n}`,
      prompt: sentence(random, 250) + (n % 10 === 0 ? ' "x"\n' : ''),
    }),
  );
}

export async function writeReadyLines(path: string, rows: number): Promise<void> {
  const random = randomFrom(2);
  await writeLines(path, rows, (n) =>
    JSON.stringify({
      custom_id: `review-${n}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'm', messages: [{ role: 'user', content: sentence(random, 180) }], max_tokens: 64 },
    }),
  );
}

export async function writeCsv(path: string, rows: number): Promise<void> {
  const random = randomFrom(3);
  await writeLines(path, rows, (n) => `review-${n},"${sentence(random, 250)}"`, 'id,prompt\n');
}

/** What the provider has for a shard, in no order, beside the request lines it was sent. */
export interface CollectData {
  readonly folder: string;
  readonly endpoint: '/v1/chat/completions' | '/v1/embeddings';
  readonly shards: number;
  readonly rows: number;
}

export async function writeCollectData({ folder, endpoint, shards, rows }: CollectData): Promise<void> {
  const store = createFolderStore(folder);
  const random = randomFrom(4);
  await writeJson(store, jobKey(JOB_ID), benchJob(endpoint, ['input/a.jsonl']));
  await writeJson(store, planKey(JOB_ID), planOf(shards, rows));
  for (let shard = 0; shard < shards; shard += 1) {
    const ids = Array.from({ length: rows }, (_, n) => `row-${shard}-${n}`);
    const requests = store.write(roundKey({ jobId: JOB_ID, shard }, 1, 'requests.jsonl'));
    for (const id of ids) await requests.write(`${JSON.stringify(requestOf(id, endpoint, random))}\n`);
    await requests.close();
    await writeLines(join(folder, `order-${shard}.txt`), rows, (n) => ids[n - 1] ?? '');
    const shuffled = shuffle(ids, random);
    await writeLines(join(folder, `output-${shard}.jsonl`), rows, (n) =>
      JSON.stringify(answerOf(shuffled[n - 1] ?? '', n, endpoint, random)),
    );
  }
}

function planOf(shards: number, rows: number): object {
  const shard = { rows, invalid: 0, requests: rows, bytes: 1 };
  const each = Array.from({ length: shards }, () => shard);
  return { rows: rows * shards, invalid: 0, inputTokens: 0, shards: each, problems: [] };
}

function requestOf(id: string, endpoint: string, random: () => number): object {
  const content = sentence(random, 200);
  const body = endpoint === '/v1/embeddings' ? { input: content } : { messages: [{ role: 'user', content }] };
  return { custom_id: id, method: 'POST', url: endpoint, body: { ...body, model: 'm' } };
}

function answerOf(id: string, n: number, endpoint: string, random: () => number): object {
  const body = endpoint === '/v1/embeddings' ? embedding(random) : chat(id, n, random);
  return {
    id: `batch_req_${n}`,
    custom_id: id,
    response: { status_code: 200, request_id: `req_${n}`, body },
    error: null,
  };
}

function chat(id: string, n: number, random: () => number): object {
  const message = { role: 'assistant', content: sentence(random, 780) };
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_790_000_000 + n,
    model: 'm',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 40 + (n % 7), completion_tokens: 160 + (n % 11), total_tokens: 200 },
    billing_cost: { energy: '0.00012', credits: '0.01' },
  };
}

function embedding(random: () => number): object {
  const vector = Array.from({ length: 1_024 }, () => Math.round((random() - 0.5) * 1e9) / 1e10);
  return {
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: vector }],
    model: 'm',
    usage: { prompt_tokens: 20, total_tokens: 20 },
  };
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let n = all.length - 1; n > 0; n -= 1) {
    const other = Math.floor(random() * (n + 1));
    [all[n], all[other]] = [all[other] as T, all[n] as T];
  }
  return all;
}

/** Many collected shards whose results wait to be joined. */
export async function writeShards(
  url: string,
  shards: number,
  rows: number,
  open: (url: string) => ReturnType<typeof createFolderStore>,
): Promise<void> {
  const store = open(url);
  const random = randomFrom(5);
  await writeJson(store, jobKey(JOB_ID), benchJob('/v1/chat/completions', ['input/a.jsonl']));
  await writeJson(store, planKey(JOB_ID), planOf(shards, rows));
  const line = `${JSON.stringify({ custom_id: 'row', ok: true, text: sentence(random, 400), round: 1 })}\n`;
  const end = {
    counts: { ok: rows, failed: 0, exhausted: 0, invalid: 0 },
    rounds: 1,
    usage: NO_USAGE,
    batches: [],
    missing: 0,
    duplicates: 0,
    unknown: 0,
    unknownIds: [],
    unreadable: 0,
    left: [],
  };
  for (let shard = 0; shard < shards; shard += 1) {
    await store.put(shardKey({ jobId: JOB_ID, shard }, 'results.jsonl'), line.repeat(rows));
    await writeJson(store, shardKey({ jobId: JOB_ID, shard }, 'done.json'), end);
  }
}
