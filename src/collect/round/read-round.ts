import type { LineReader } from '../lines/line-reader.ts';
import type { ResultRules } from '../lines/result-rules.ts';
import { rowCodesOf } from '../lines/row-codes.ts';
import { uploadObject, type UploadCheckpoint } from '../../checkpoints/round/upload.ts';
import { roundKey } from '../../checkpoints/keys.ts';
import { isDirectRound } from '../../checkpoints/shard/shard-rounds.ts';
import type { FoundTwin } from '../../batches/twins.ts';
import type { ProviderEdges } from '../../edges.ts';
import { endpointAt } from '../../endpoints/endpoints.ts';
import type { Job } from '../../checkpoints/job.ts';
import type { OutputRules } from '../../checkpoints/profile.ts';
import type { StepTime } from '../../pace.ts';
import type { Batch } from '../../provider/batch-provider.ts';
import type { OutputCheck } from '../lines/check-output.ts';
import { stepFields } from '../../ladder/step-of-round.ts';
import { Downloads } from './downloads.ts';
import { failedTooLarge, findEndedBatch } from './ended-batch.ts';
import type { FoundFile } from './evidence.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { countAskedAgain } from './asked-again.ts';
import { fetchFile } from './fetch-file.ts';
import { askedAgainBefore } from './lost-rows.ts';
import { RoundIndex } from './round-index.ts';
import { readRoundRequests } from './round-requests.ts';
import type { Round } from './round.ts';
import { readTwins } from './read-twins.ts';
import type { Scratch } from './scratch.ts';

/** What collecting a round touches outside itself. */
export interface CollectEdges extends ProviderEdges {
  readonly createReader: (rules: ResultRules) => LineReader;
}

/** What is found of a round at this look: in the store, and in the files that the provider shows. */
export interface RoundEvidence {
  readonly context: Round;
  /** It was sent direct, without a batch. */
  readonly direct: boolean;
  readonly batch: Batch | undefined;
  readonly upload: UploadCheckpoint | undefined;
  readonly rules: ResultRules;
  readonly index: RoundIndex;
  /** The files that the batch names. */
  readonly files: readonly FoundFile[];
  /** Ids of rows that earlier rounds asked again because their lines could not be read. */
  readonly askedBefore: ReadonlySet<string>;
  /** Requests at the front that have had all of the profile's rounds, and would be paid for again in every further one. */
  readonly spent: number;
  /** An earlier look found less than the batch promised. */
  readonly wasLate: boolean;
  /** Other batches of its rows and of those of earlier rounds. */
  readonly twins: readonly FoundTwin[];
  /** A twin may have answers that are not there yet. */
  readonly mayBringMore: boolean;
  /** Of the step. */
  readonly time: StepTime | undefined;
}

/** The provider's two files on local disk. */
export interface Scratches {
  readonly output: Scratch;
  readonly errors: Scratch;
  /** Opens one more. */
  readonly more: () => Scratch;
}

/**
 * Fetches both files of a round and indexes their lines.
 * @throws GoesOnLater when time ran short, and another call has to go on
 */
export async function readRound(
  edges: CollectEdges,
  job: Job,
  round: Round,
  scratches: Scratches,
): Promise<RoundEvidence> {
  const { store } = edges;
  const upload = await uploadObject.read(store, round);
  const batch = await findEndedBatch(edges, round, upload?.fileId);
  const direct = await isDirectRound(store, job.profile, round, round.round);
  const givenBack = round.givenBack ?? failedTooLarge(batch, job.profile.provider.dialect.codes);
  const context = { ...round, givenBack };
  const rules = await rulesOf(job, round);
  const requests = await readRoundRequests(store, rules, context);
  const index = new RoundIndex(requests, edges.createReader(rules), rules);
  const downloads = await Downloads.open(edges, round);
  const fetch = (name: FoundFile['name'], fileId: string | undefined): Promise<FoundFile | undefined> =>
    fetchFile(
      {
        store,
        provider: edges.provider(round.provider),
        name,
        fileId,
        key: roundKey(round, round.round, FILES[name]),
        isLate: downloads.isLate,
        downloads,
        requests: index.requests,
        isShortNoted: true,
      },
      scratches[name],
      index.takeIn(scratches[name], name),
    );
  const output = await fetch('output', batch?.outputFileId);
  const errors = await fetch('errors', batch?.errorFileId);
  const twins = await readTwins(edges, round, index, { downloads, openScratch: scratches.more });
  await downloads.rest();
  index.settle(direct ? undefined : (upload?.part?.requests ?? index.requests));
  index.haltedBy ??= round.denied;
  const files = [output, errors].filter((file) => file !== undefined);
  const askedBefore = await askedAgainBefore(store, round, round.round);
  const spent = await countSpent(store, job, { round, upload });
  const found = { context, direct, batch, upload, rules, index, files, askedBefore, spent, ...twins };
  return { ...found, wasLate: downloads.isLate, time: edges.time };
}

/**
 * Rounds beyond those of the profile are for rows that had no room in them, as where the provider takes small files only. The last
 * one of the profile is followed by one only where it had a part of the rows.
 */
async function countSpent(
  store: ObjectStore,
  { profile }: Job,
  { round, upload }: Pick<RoundEvidence, 'upload'> & { readonly round: Round },
): Promise<number> {
  const last = (round.step?.from ?? 1) - 1 + profile.rounds;
  const isFollowed = round.round > last || (round.round === last && upload?.part !== undefined);
  if (!isFollowed) return 0;
  return profile.rounds === 1 ? Number.POSITIVE_INFINITY : countAskedAgain(store, round);
}

const FILES = { output: 'output.jsonl', errors: 'errors.jsonl' } as const;

async function rulesOf({ profile, simulated }: Job, { round, step }: Round): Promise<ResultRules> {
  const { endpoint, resultShape, output: expected } = profile;
  return {
    round,
    ...stepFields(profile, step),
    endpoint: endpointAt(endpoint),
    resultShape,
    simulated,
    codes: rowCodesOf(profile),
    ...(expected && { output: await openOutputCheck(expected) }),
  };
}

/** Ajv takes its time to load, and few jobs ask for it. */
async function openOutputCheck({ schema, retry }: OutputRules): Promise<OutputCheck> {
  const { compileSchema } = await import('../../output/compile-schema.ts');
  return { match: compileSchema(schema), retry };
}
