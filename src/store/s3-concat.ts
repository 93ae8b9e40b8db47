import { InvalidInput, StoreRejected, StoreUnavailable } from '../errors.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { planJoin, type JoinPart, type Piece } from './join-plan.ts';
import { readObject } from './s3-body.ts';
import { copyObject, headObject, putObject, type S3Bucket } from './s3-bucket.ts';
import { MAX_PARTS, MIN_PART_BYTES, MultipartUpload } from './s3-multipart.ts';

/** Largest copy. S3 allows 5 GiB. Smaller copies run in parallel, and answer before an idle connection is closed. */
const MAX_COPY_BYTES = 512 * 1_048_576;

/**
 * Number of sources that are checked at the same time. Ten thousand shards are checked in about 10 s and copied in minutes.
 * Gathered parts take at most 4 x 10 MiB.
 */
const HEADS_IN_FLIGHT = 32;
const GATHERED_IN_FLIGHT = 4;
/** Number of parallel copies, which move no bytes through this process; and of pieces that are read in parallel. */
const COPIES_IN_FLIGHT = 32;
const PIECES_IN_FLIGHT = 8;

interface Source {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string | undefined;
}

/** Joins objects inside S3; only pieces smaller than a part pass through this process. */
export async function concatObjects(
  bucket: S3Bucket,
  key: string,
  sourceKeys: readonly string[],
  sizes: readonly number[] = [],
): Promise<void> {
  const sources = await sideBySide(sourceKeys, (source) => lookAt(bucket, source), HEADS_IN_FLIGHT);
  const taken = sources.map((source, n) => sizeToTake(bucket, source, sizes[n]));
  const [only, ...others] = sources;
  const isCopy = only !== undefined && others.length === 0 && only.key !== key && taken[0] === only.bytes;
  if (isCopy && only.bytes <= MAX_COPY_BYTES) return copyObject(bucket, key, only);
  const parts = planJoin(taken, { minPartBytes: MIN_PART_BYTES, maxCopyBytes: MAX_COPY_BYTES });
  const [first] = parts;
  if (first === undefined) {
    await putObject(bucket, key, '');
  } else if (parts.length === 1 && first.kind === 'gather') {
    await putObject(bucket, key, await readPieces(bucket, sources, first.pieces));
  } else {
    await joinParts(bucket, key, sources, parts);
  }
}

async function joinParts(
  bucket: S3Bucket,
  key: string,
  sources: readonly Source[],
  parts: readonly JoinPart[],
): Promise<void> {
  if (parts.length > MAX_PARTS) {
    throw new StoreRejected(
      `s3://${bucket.name}/${key} would need ${parts.length} parts; S3 takes ${MAX_PARTS}.`,
    );
  }
  const upload = await MultipartUpload.start(bucket, key);
  try {
    const add = async (part: JoinPart, index: number): Promise<void> => {
      if (part.kind === 'gather') {
        await upload.upload(index + 1, await readPieces(bucket, sources, part.pieces));
      } else {
        const { source, ...range } = part.piece;
        await upload.copy(index + 1, { ...at(sources, source), ...range });
      }
    };
    const numbered = parts.map((part, index) => ({ part, index }));
    const ofKind = (kind: JoinPart['kind']): typeof numbered =>
      numbered.filter(({ part }) => part.kind === kind);
    await sideBySide(ofKind('copy'), ({ part, index }) => add(part, index), COPIES_IN_FLIGHT);
    await sideBySide(ofKind('gather'), ({ part, index }) => add(part, index), GATHERED_IN_FLIGHT);
    await upload.complete();
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

async function lookAt(bucket: S3Bucket, key: string): Promise<Source> {
  const found = await headObject(bucket, key);
  if (found === undefined) throw new InvalidInput(`There is no s3://${bucket.name}/${key} to join.`);
  return { key, bytes: found.ContentLength ?? 0, etag: found.ETag };
}

function sizeToTake(bucket: S3Bucket, { key, bytes }: Source, size = bytes): number {
  if (size <= bytes) return size;
  throw new StoreUnavailable(`s3://${bucket.name}/${key} changed while it was joined.`);
}

async function readPieces(
  bucket: S3Bucket,
  sources: readonly Source[],
  pieces: readonly Piece[],
): Promise<Buffer> {
  const read = async ({ source, start, end }: Piece): Promise<Buffer> => {
    const { key } = at(sources, source);
    const bytes = await readObject(bucket, key, { start, end });
    if (bytes?.length === end - start) return bytes;
    throw new StoreUnavailable(`s3://${bucket.name}/${key} changed while it was joined.`);
  };
  const buffers = await sideBySide(pieces, read, PIECES_IN_FLIGHT);
  return Buffer.concat(buffers);
}

function at(sources: readonly Source[], index: number): Source {
  const source = sources[index];
  if (source === undefined) throw new RangeError(`There is no source ${index}.`);
  return source;
}
