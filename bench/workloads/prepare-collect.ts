import { globSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { measure } from '../measure.ts';
import type { Bench } from '../bench.ts';
import { embeddingLines, MODEL, promptLines } from '../data/inputs.ts';
import { chatOutput, embeddingOutput } from '../data/outputs.ts';
import { writeLines } from '../data/write-lines.ts';

export type Kind = 'chat' | 'embeddings';

/** `rows` must be a multiple of `shards`. */
export interface CollectWork {
  readonly kind: Kind;
  readonly rows: number;
  readonly shards: number;
}

/** A job whose batches have ended: its shards after Build, and the provider's output files. */
export interface EndedJob {
  /** The folder with `jobs/bench/…`. */
  readonly folder: string;
  /** Keys of all objects of the job. */
  readonly keys: readonly string[];
  /** One file per shard. */
  readonly requests: readonly string[];
  readonly outputs: readonly string[];
}

export async function prepareCollect(
  bench: Bench,
  folder: string,
  { kind, rows, shards }: CollectWork,
): Promise<EndedJob> {
  const perShard = rows / shards;
  const shardLimits = { maxRows: perShard, maxBytes: 1_000_000_000 };
  const chat = kind === 'chat';
  writeLines(join(folder, 'input/rows.jsonl'), (chat ? promptLines : embeddingLines)(rows));
  const profile = chat
    ? { model: MODEL, shardLimits }
    : { model: 'bge-m3', endpoint: '/v1/embeddings', shardLimits };
  const argv = [...bench.program('tasks/build'), 'input/rows.jsonl', JSON.stringify(profile)];
  await measure({ argv, env: { STORE: pathToFileURL(folder).href } });
  rmSync(join(folder, 'input'), { recursive: true });
  const outputs = Array.from({ length: shards }, (_, shard) => {
    const file = join(folder, 'outputs', `${shard}.jsonl`);
    writeLines(file, (chat ? chatOutput : embeddingOutput)(shard * perShard, perShard));
    return file;
  });
  const keys = globSync('jobs/**/*.json*', { cwd: folder }).toSorted();
  const requests = keys.filter((key) => key.endsWith('.requests.jsonl')).map((key) => join(folder, key));
  return { folder, keys, requests, outputs };
}

/** Copies the job to another folder by links, because files of Build are never rewritten. */
export function linkJob({ folder, keys }: EndedJob, target: string): void {
  rmSync(target, { recursive: true, force: true });
  for (const key of keys) {
    mkdirSync(dirname(join(target, key)), { recursive: true });
    linkSync(join(folder, key), join(target, key));
  }
}
