import type { ProviderEdges } from '../../edges.ts';
import { endpointAt } from '../../endpoints/endpoints.ts';
import type { Collected, Job, OutputRules } from '../../job.ts';
import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { UploadCheckpoint } from '../../checkpoints/shard-part.ts';
import { isDirectRound } from '../../checkpoints/shard-rounds.ts';
import { readJson, writeJson } from '../../store/json.ts';
import type { OutputCheck } from '../lines/check-output.ts';
import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { describeRound } from './describe-round.ts';
import { failedTooLarge, findEndedBatch, missingRowError } from './ended-batch.ts';
import { fetchFile } from './fetch-file.ts';
import { finishShard } from '../shard/finish-shard.ts';
import { ResultFiles } from './result-files.ts';
import { roundFacts } from './round-facts.ts';
import { RoundIndex } from './round-index.ts';
import { readRequests } from './round-requests.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import { Scratch } from './scratch.ts';
import { smallerUpload } from './smaller-upload.ts';
import { ResultSplicer } from '../../fast-path/splice-result.ts';
import { stopShard } from '../shard/stop-shard.ts';
import { writeRound } from './write-round.ts';

/**
 * Collects one round: fetch both files, index their lines, write every row's fate, clean up at the provider, and then the
 * checkpoint.
 */
export async function collectRound(
  edges: ProviderEdges,
  job: Job,
  round: RoundToCollect,
): Promise<Collected> {
  const { store } = edges;
  const { codes } = job.profile.provider.dialect;
  const batch = await findEndedBatch(edges, round);
  const direct = await isDirectRound(store, job.profile, round, round.round);
  const context = { ...round, direct, givenBack: round.givenBack ?? failedTooLarge(batch, codes) };
  const upload = await readJson<UploadCheckpoint>(store, roundKey(context, context.round, 'upload.json'));
  const provider = edges.provider(context.provider);
  const now = Math.floor(edges.clock.now() / 1_000);
  const key = (file: 'output.jsonl' | 'errors.jsonl' | 'missing.json'): string =>
    roundKey(context, context.round, file);
  const { endpoint, resultShape, retriableCodes, output: expected } = job.profile;
  const rules = {
    round: context.round,
    endpoint: endpointAt(endpoint),
    resultShape,
    codes: { ...codes, retriable: [...retriableCodes, ...codes.retriable] },
    ...(expected && { output: await openOutputCheck(expected) }),
  };
  const splicer = new ResultSplicer(rules);
  const index = new RoundIndex(await readRequests(store, rules, context), splicer, rules);
  using output = new Scratch();
  using errors = new Scratch();
  const fetch = (fileId: string | undefined, name: 'output.jsonl' | 'errors.jsonl', scratch: Scratch) =>
    fetchFile(
      { store, provider, fileId, key: key(name), missingKey: key('missing.json'), now },
      scratch,
      index.takeIn(scratch),
    );
  await fetch(batch?.outputFileId, 'output.jsonl', output);
  await fetch(batch?.errorFileId, 'errors.jsonl', errors);

  const smaller = await smallerUpload(store, context);
  const facts = roundFacts(context, { batch, index, upload, smaller }, job.profile);
  const missingError = facts.refusal ?? (direct ? NOT_SENT : missingRowError(batch));
  const files = new ResultFiles(store, context.jobId);
  const totals = await writeRound(store, context, { index, splicer, facts, rules, files, missingError });
  const uploaded = upload ?? (await announcedUpload(store, context, context.round));
  const left = await cleanProvider(edges, job, batch, uploaded);
  const collected = {
    ...describeRound(edges, context, batch, index, facts, totals),
    ...(smaller.maxUploadBytes === undefined ? {} : { maxUploadBytes: smaller.maxUploadBytes }),
    ...(left.length === 0 ? {} : { left }),
  };
  await endRound(edges, context, collected);
  await writeJson(store, roundKey(context, context.round, 'collected.json'), collected);
  logRound(edges, context, collected);
  return collected;
}

const NOT_SENT = {
  code: 'NOT_SENT',
  message: 'The provider took no further calls for so long that it was given up.',
};

/** Ajv takes its time to load, and few jobs ask for it. */
async function openOutputCheck({ schema, retry }: OutputRules): Promise<OutputCheck> {
  const { compileSchema } = await import('../../output/compile-schema.ts');
  return { match: compileSchema(schema), retry };
}

/** What has to be in the store before the checkpoint says that the round is over. */
async function endRound(edges: ProviderEdges, context: RoundToCollect, collected: Collected): Promise<void> {
  if (collected.next === 'done') await finishShard(edges, context, collected);
  if (collected.next === 'stop' && collected.failure !== undefined) {
    await stopShard(edges, context, collected.round + 1, collected.failure, collected);
  }
}

function logRound({ log }: ProviderEdges, { jobId, shard }: ShardRef, collected: Collected): void {
  const { round, ok, failed, exhausted, deferred, next } = collected;
  const { invalid_output = 0, missing, duplicates, unknown, unreadable } = collected;
  const unexplained = { missing, duplicates, unknown, unreadable };
  const outcomes = { ok, failed, exhausted, invalid_output, deferred };
  log('round_collected', { jobId, shard, round, ...outcomes, ...unexplained, next });
}
