import { shardsPrefix } from '../src/checkpoints/keys.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** The rounds, batches and files that an interrupted job is known to have sent, from its checkpoints. */
export interface SentSoFar {
  /** Rounds that are collected: their answers are stored. */
  readonly collected: number;
  /** Batches that were created and not collected. */
  readonly batches: number;
  /** Creates without an answer; each may have created a batch. */
  readonly unanswered: number;
  /** Uploaded files without a batch. */
  readonly files: number;
  /** Uploads without an answer; each may have left a file. */
  readonly uploads: number;
  /** Shards that are sent direct and have answers. */
  readonly direct: number;
}

/** Nothing was sent, as far as known. */
export const NOTHING_SENT: SentSoFar = {
  collected: 0,
  batches: 0,
  unanswered: 0,
  files: 0,
  uploads: 0,
  direct: 0,
};

/** Adds up what several jobs have sent. */
export function addSent(jobs: readonly SentSoFar[]): SentSoFar {
  const sum: Record<keyof SentSoFar, number> = { ...NOTHING_SENT };
  for (const sent of jobs) for (const kind of KINDS) sum[kind] += sent[kind];
  return sum;
}

const KINDS = Object.keys(NOTHING_SENT) as (keyof SentSoFar)[];

/** Reads what a job has sent, with one listing of its shards. */
export async function sentSoFar(store: ObjectStore, jobId: string): Promise<SentSoFar> {
  const prefix = shardsPrefix(jobId);
  const rounds = new Map<string, Set<string>>();
  for await (const { key } of store.list(prefix)) {
    const [, round, file] = /^(\d+\/round-\d+)\.(.+)$/.exec(key.slice(prefix.length)) ?? [];
    if (round === undefined || file === undefined) continue;
    rounds.set(round, (rounds.get(round) ?? new Set()).add(file.replace(/^answers-.*/, 'answers')));
  }
  const sent: Record<keyof SentSoFar, number> = { ...NOTHING_SENT };
  for (const files of rounds.values()) {
    const kind = kindOf(files);
    if (kind !== undefined) sent[kind] += 1;
  }
  return sent;
}

function kindOf(files: ReadonlySet<string>): keyof SentSoFar | undefined {
  if (files.has('collected.json')) return 'collected';
  if (files.has('batch.json')) return 'batches';
  if (files.has('creating.json')) return 'unanswered';
  if (files.has('upload.json')) return 'files';
  if (files.has('uploading.json')) return 'uploads';
  return files.has('answers') ? 'direct' : undefined;
}
