import { isSurelyBeyond } from '../../../batches/room-limits.ts';
import { roundKey } from '../../../checkpoints/keys.ts';
import { partToUpload } from '../../../checkpoints/round/requests.ts';
import type { Failure } from '../../../errors.ts';
import { readCollected, type Collected } from '../../../checkpoints/round/collected.ts';
import { readTokensRejection } from '../../../provider/errors/classify-error.ts';
import type { Codes } from '../../../provider/dialects/schema.ts';
import { tokensOfPart } from '../../../spending/estimate.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { NamedRow } from './decide-row.ts';
import { failedBusy, missingRowError, tokensRejection } from '../evidence/ended-batch.ts';
import { findFileFailure, namedRows } from './file-failure.ts';
import { afterPart, mayHalve } from './halving.ts';
import type { RoundEvidence } from '../evidence/read-round.ts';

/** Consequences of a round's file for its rows and for later files. */
export interface FileVerdict {
  /** Rows by ordinal that the failure names, or that were alone in the file. */
  readonly named: ReadonlyMap<number, NamedRow>;
  /** True if the file failed because of a row that is not known yet, or was just found. */
  readonly searching: boolean;
  /** Set if the provider rejected the whole file. */
  readonly rejection: Failure | undefined;
  /** Limits of the next files. */
  readonly next: Pick<Collected, 'maxUploadBytes' | 'maxUploadRequests' | 'halving'>;
}

/** Decides about a file that was too large, was rejected or failed as a whole. */
export async function judgeFile(store: ObjectStore, read: RoundEvidence, codes: Codes): Promise<FileVerdict> {
  const { context, direct } = read;
  const before = (await readCollected(store, context, context.round)).at(-1);
  const { maxUploadBytes, maxUploadRequests, halving } = before ?? {};
  const known = {
    ...(maxUploadBytes !== undefined && { maxUploadBytes }),
    ...(maxUploadRequests !== undefined && { maxUploadRequests }),
    ...(halving && { halving }),
  };
  if (context.givenBack?.name === 'ProviderFileTooLarge') return judgeTooLarge(store, read, known);
  const tooLong = await rowBeyondTokens(store, read);
  if (tooLong !== undefined)
    return { ...NO_FAULT, named: tooLong, rejection: context.rejection, next: known };
  const isAsBefore = direct || context.givenBack !== undefined || failedBusy(read.batch, codes);
  if (isAsBefore) return { ...NO_FAULT, rejection: context.rejection, next: known };
  return judgeFailed(read, (await sentOf(store, read)) ?? read.index.requests, known, codes);
}

const NO_FAULT = { named: new Map<number, NamedRow>(), searching: false };

async function sentOf(store: ObjectStore, { context, upload }: RoundEvidence): Promise<number | undefined> {
  // A rejected upload has no checkpoint.
  return (upload === undefined ? await partToUpload(store, context, context.round) : upload.part)?.requests;
}

/** Halves a rejected file. A single row cannot be halved: it fails, and the others are sent again. */
async function judgeTooLarge(
  store: ObjectStore,
  { context, upload, index }: RoundEvidence,
  known: FileVerdict['next'],
): Promise<FileVerdict> {
  const { round, rejection, givenBack } = context;
  const part = upload === undefined ? await partToUpload(store, context, round) : upload.part;
  const whole = await store.stat(roundKey(context, round, 'requests.jsonl'));
  const bytes = part?.bytes ?? whole?.bytes ?? 0;
  if ((part?.requests ?? index.requests) === 1 && givenBack !== undefined) {
    const { code, message } = givenBack;
    return { ...NO_FAULT, named: new Map([[0, { code, message, line: 1 }]]), rejection, next: known };
  }
  // While the learned limit is valid, it determines the size of the next file.
  if (givenBack !== undefined && readTokensRejection(givenBack.code, givenBack.message) !== undefined)
    return { ...NO_FAULT, rejection, next: known };
  return { ...NO_FAULT, rejection, next: { ...known, maxUploadBytes: Math.max(1, Math.floor(bytes / 2)) } };
}

/** A row that alone has more tokens than may be enqueued, so that no later round can send it. */
async function rowBeyondTokens(
  store: ObjectStore,
  { context, batch, upload, index }: RoundEvidence,
): Promise<FileVerdict['named'] | undefined> {
  const rejected = tokensRejection(batch);
  if (rejected?.limit === undefined || (upload?.part?.requests ?? index.requests) !== 1) return undefined;
  const whole = await store.stat(roundKey(context, context.round, 'requests.jsonl'));
  const tokens = tokensOfPart(context.planned, upload?.part?.bytes ?? whole?.bytes ?? 0);
  return isSurelyBeyond(tokens, rejected.limit)
    ? new Map([[0, { ...missingRowError(batch), line: 1 }]])
    : undefined;
}

function judgeFailed(
  read: RoundEvidence,
  sent: number,
  known: FileVerdict['next'],
  codes: Codes,
): FileVerdict {
  const { batch, index, context } = read;
  const { rejection } = context;
  const { halving: before } = known;
  const after = (failedWhole: boolean): FileVerdict['next'] => {
    const halving = afterPart(before, { sent, answered: index.answered, failedWhole });
    return { ...known, ...(halving && { halving }) };
  };
  const failure = findFileFailure(batch, rejection, codes);
  if (failure === undefined) return { ...NO_FAULT, rejection, next: after(false) };
  const named = namedRows(failure, index, sent, codes);
  if (named.size > 0 || index.answered > 0)
    return { named, searching: false, rejection: undefined, next: after(false) };
  if (failure.cause !== 'row') return { ...NO_FAULT, rejection, next: known };
  if (!mayHalve(before, index.requests)) return { ...NO_FAULT, rejection, next: afterSearch(known) };
  if (sent > 1) return { ...NO_FAULT, searching: true, rejection: undefined, next: after(true) };
  // A row that was alone without a search, and has no error of its own, may succeed in another round.
  const isUnsaid = before === undefined && failure.errors.length === 0;
  if (isUnsaid) return { ...NO_FAULT, rejection, next: known };
  const error = { ...(failure.errors[0] ?? missingRowError(batch)), line: 1 };
  return { named: new Map([[0, error]]), searching: true, rejection: undefined, next: after(true) };
}

/** The search took too many files, so the remaining rows are sent as in any other round. */
function afterSearch({ halving, ...known }: FileVerdict['next']): FileVerdict['next'] {
  return {
    ...known,
    ...(halving && { halving: { ...halving, suspects: 0, answered: true } }),
  };
}
