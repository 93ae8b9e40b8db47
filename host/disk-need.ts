import { open, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { longestAnswer } from '../src/spending/estimate.ts';
import type { ResolvedProfile } from '../src/checkpoints/profile.ts';
import { requireReadable } from './readable-file.ts';

/** Bytes that a job writes into its data folder. */
export interface DiskNeed {
  /** The copy of the input. */
  readonly input: number;
  /** Request lines. */
  readonly requests: number;
  /** The provider's files and the results by shard; after that, the results by shard and the job's results. */
  readonly answers: number;
}

export const totalOf = ({ input, requests, answers }: DiskNeed): number => input + requests + answers;

/** The known or estimated size of a job's rows. */
export interface RowsToStore {
  /** Bytes of the input as stored, possibly compressed. */
  readonly input: number;
  /** Rows to send, and bytes of their request lines. */
  readonly rows: number;
  readonly requests: number;
}

/** Number of copies of each answer in the data folder. The provider's files are deleted before the results are joined. */
const COPIES_OF_ANSWERS = 2;

const BYTES_PER_TOKEN = 4;

/** Bytes of an answer besides its text. */
const ENVELOPE_BYTES = 600;

/** Least tokens of an answer. Used even if the request is shorter. */
const SHORT_ANSWER_TOKENS = 200;

/** Bytes of an answer that is not text: a vector of 1,024 numbers, an image, an audio file. */
const BYTES_OF_OTHER: readonly (readonly [RegExp, number])[] = [
  [/\/embeddings$/, 14_000],
  [/\/images\/generations$/, 2_000_000],
  [/\/audio\/speech$/, 500_000],
];

/** Estimates the space for a job. An answer is assumed to be as long as its request, unless the profile limits it. */
export function estimateNeed(
  { input, rows, requests }: RowsToStore,
  { body, endpoint }: Pick<ResolvedProfile, 'body' | 'endpoint'>,
): DiskNeed {
  const other = BYTES_OF_OTHER.find(([path]) => path.test(endpoint))?.[1];
  const asLong = rows === 0 ? 0 : requests / rows / BYTES_PER_TOKEN;
  const tokens = Math.min(Math.max(asLong, SHORT_ANSWER_TOKENS), longestAnswer(body) ?? Infinity);
  const bytes = other ?? ENVELOPE_BYTES + BYTES_PER_TOKEN * tokens;
  return { input, requests, answers: Math.ceil(COPIES_OF_ANSWERS * rows * bytes) };
}

/**
 * Bytes that this user can still write on the disk of a folder, which may not exist yet; undefined if the system does not report
 * them.
 */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, blocks, bsize } = await statfs(path);
      // Some network and FUSE file systems report zeros.
      return blocks === 0 ? undefined : bavail * bsize;
    } catch {
      if (dirname(path) === path) return undefined;
    }
  }
}

/** Adds the files of a simulated provider, which are in the data folder, too. */
export function withSimulator({ input, requests, answers }: DiskNeed): DiskNeed {
  return { input, requests: 2 * requests, answers: Math.ceil(answers * (1 + 1 / COPIES_OF_ANSWERS)) };
}

/** Compressed formats, and their assumed ratio of text to bytes. */
const COMPRESSED = /\.(?:gz|parquet|xlsx)$/i;
const EXPANSION = 4;

/** Assumed bytes per row if the lines are unknown. */
const BYTES_PER_ROW = 300;

/** Bytes of a request line in addition to the text of its row. */
const REQUEST_BYTES = 120;

const SAMPLE_BYTES = 262_144;

/**
 * Estimates the rows of input files from their sizes and their first lines.
 * @param limit most rows that are taken
 * @throws InvalidRequest when a file cannot be read
 */
export async function estimateRows(files: readonly string[], limit = Infinity): Promise<RowsToStore> {
  let [input, text, rows] = [0, 0, 0];
  for (const file of files) {
    await requireReadable(file);
    const { size } = await stat(file);
    const isCompressed = COMPRESSED.test(file);
    const bytes = isCompressed ? EXPANSION * size : size;
    input += size;
    text += bytes;
    rows += bytes / (isCompressed ? BYTES_PER_ROW : await bytesPerRow(file));
  }
  const sent = Math.min(Math.ceil(rows), limit);
  return { input, rows: sent, requests: rows === 0 ? 0 : Math.ceil((text / rows + REQUEST_BYTES) * sent) };
}

async function bytesPerRow(file: string): Promise<number> {
  await using opened = await open(file, 'r');
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0);
  let lines = 0;
  for (let at = buffer.indexOf(0x0a); at !== -1 && at < bytesRead; at = buffer.indexOf(0x0a, at + 1))
    lines += 1;
  return lines === 0 ? Math.max(bytesRead, BYTES_PER_ROW) : bytesRead / lines;
}
