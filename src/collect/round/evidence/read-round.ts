import type { LineReader } from '../../lines/line-reader.ts';
import type { ResultRules } from '../../lines/result-rules.ts';
import { rowCodesOf } from '../../lines/row-codes.ts';
import { uploadObject, type UploadCheckpoint } from '../../../checkpoints/round/upload.ts';
import { roundKey } from '../../../checkpoints/keys.ts';
import { isDirectRound } from '../../../checkpoints/shard/shard-rounds.ts';
import type { FoundTwin } from '../../../batches/twins.ts';
import type { ProviderEdges } from '../../../edges.ts';
import { endpointAt } from '../../../endpoints/endpoints.ts';
import type { Job } from '../../../checkpoints/job.ts';
import type { OutputRules } from '../../../checkpoints/profile.ts';
import type { StepTime } from '../../../pace.ts';
import type { Batch } from '../../../provider/batch-provider.ts';
import type { OutputCheck } from '../../lines/check-output.ts';
import { stepFields } from '../../../ladder/step-of-round.ts';
import type { Downloads } from '../files/downloads.ts';
import { failedTooLarge, findEndedBatch } from './ended-batch.ts';
import type { FoundFile } from '../files/found-file.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { askedAgainBefore, countAskedAgain } from './asked-again.ts';
import { fetchFile } from '../files/fetch-file.ts';
import { RoundIndex } from '../matching/round-index.ts';
import { readRoundRequests } from './round-requests.ts';
import type { Round } from './round.ts';
import { readTwins } from './read-twins.ts';
import type { Scratch } from '../files/scratch.ts';

/** The edges that collecting a round uses. */
export interface CollectEdges extends ProviderEdges {
  readonly createReader: (rules: ResultRules) => LineReader;
}

/** The evidence of a round at one time: in the store, and in the provider's files. */
export interface RoundEvidence {
  readonly context: Round;
  /** True if it was sent direct, without a batch. */
  readonly direct: boolean;
  readonly batch: Batch | undefined;
  readonly upload: UploadCheckpoint | undefined;
  readonly rules: ResultRules;
  readonly index: RoundIndex;
  /** The files named by the batch. */
  readonly files: readonly FoundFile[];
  /** Ids of rows that earlier rounds sent again because their lines could not be read. */
  readonly askedBefore: ReadonlySet<string>;
  /**
   * Number of requests at the front that have used all rounds of the profile. In a further round they would be paid for again.
   */
  readonly spent: number;
  /** True if an earlier look found less than the batch promised. */
  readonly wasLate: boolean;
  /** Twins of its batch and of the batches of earlier rounds. */
  readonly twins: readonly FoundTwin[];
  /** True if a twin may still bring answers. */
  readonly mayBringMore: boolean;
  /** Time limit of the step. */
  readonly time: StepTime | undefined;
  /** Waits until the files are in the store. Before that, nothing that was decided from them may be stored. */
  readonly stored: () => Promise<void>;
}

/** Where the provider's files are downloaded to: the store, and the local disk. */
export interface RoundFiles {
  readonly downloads: Downloads;
  readonly output: Scratch;
  readonly errors: Scratch;
  /** Opens a further scratch file. */
  readonly more: () => Scratch;
}

/**
 * Fetches both files of a round and indexes their lines.
 * @throws GoesOnLater when time ran short, and another call must continue
 */
export async function readRound(
  edges: CollectEdges,
  job: Job,
  round: Round,
  { downloads, more, ...scratches }: RoundFiles,
): Promise<RoundEvidence> {
  const { store } = edges;
  const upload = await uploadObject.read(store, round);
  const batch = await findEndedBatch(edges, round, upload?.fileId);
  const direct = await isDirectRound(store, job.profile, round, round.round);
  const givenBack = round.givenBack ?? failedTooLarge(batch, job.profile.provider.dialect.codes);
  const context = { ...round, givenBack };
  const rules = await rulesOf(job, round);
  const requests = await readRoundRequests(edges, job, rules, context);
  const index = new RoundIndex(requests, edges.createReader(rules), rules);
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
  const twins = await readTwins(edges, round, index, { downloads, openScratch: more });
  await downloads.rest();
  index.settle(direct ? undefined : (upload?.part?.requests ?? index.requests));
  if (round.denied !== undefined) index.halt(round.denied);
  const files = [output, errors].filter((file) => file !== undefined);
  const askedBefore = await askedAgainBefore(store, round, round.round);
  const spent = await countSpent(store, job, { round, upload });
  const found = { context, direct, batch, upload, rules, index, files, askedBefore, spent, ...twins };
  const stored = (): Promise<void> => downloads.stored();
  return { ...found, wasLate: downloads.isLate, time: edges.time, stored };
}

/**
 * Counts the requests that have used all rounds of the profile. Rounds after that are only for rows that did not fit into the
 * earlier ones, for example because the provider accepts only small files. The profile's last round is followed by another one
 * only if it had just a part of the rows.
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

/** Compiles the schema of the answers. Loads Ajv on demand, because it loads slowly and few jobs need it. */
async function openOutputCheck({ schema, retry }: OutputRules): Promise<OutputCheck> {
  const { compileSchema } = await import('../../../output/compile-schema.ts');
  return { match: compileSchema(schema), retry };
}
