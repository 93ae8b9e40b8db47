import { crc32 } from 'node:zlib';
import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../../errors.ts';
import { asProviderError } from './call-errors.ts';
import type { Call } from './call.ts';
import { MIN_BYTES_PER_MS } from './http-options.ts';
import type { Http } from './http.ts';
import { FileChanged, isOther, rangeHeaders, restOfFile, wholeFile } from './ranges.ts';
import type { FilePart, FilePosition } from './ranges.ts';
import { discard } from './redirects.ts';
import type { Answer } from './undici.ts';

/** Most consecutive attempts without new bytes. */
const MAX_VAIN_ATTEMPTS = 3;

/** A file whose download has begun. */
export interface OpenFile extends FilePart {
  /** The answer's content coding in lower case; `identity` for unchanged bytes. */
  readonly coding: string;
  readonly bytes: AsyncGenerator<Buffer>;
  /** Call it if the bytes are not read. */
  discard(): void;
}

/**
 * Requests a file, or its rest after a position. If the provider does not answer with exactly this rest, or its file has changed,
 * requests the whole file. `start` is the position of the first byte.
 */
export async function openFile(http: Http, call: Call, from?: FilePosition): Promise<OpenFile> {
  const isBegun = from !== undefined && from.bytes > 0;
  const first = (isBegun && (await askForRest(http, call, from))) || (await askForWhole(http, call));
  const { answer, part } = first;
  return {
    ...part,
    coding: codingOf(answer),
    bytes: readOn(http, call, first),
    discard: () => discard(answer),
  };
}

interface Opened {
  readonly answer: Answer;
  readonly part: FilePart;
}

/**
 * Starts the download of a whole file.
 * @throws ProviderUnavailable for an answer that is not a whole file
 */
async function askForWhole(http: Http, call: Call): Promise<Opened> {
  const answer = await http.content(call);
  const part = wholeFile(answer);
  if (part !== undefined) return { answer, part };
  discard(answer);
  throw new ProviderUnavailable(
    `${call.action}: it was answered with status ${answer.statusCode}, which is not a complete file.`,
  );
}

/**
 * Starts the download of the rest of a file, after the bytes that are already read.
 * @returns undefined when the answer is not the rest of that file; an answer with the whole file is accepted
 */
async function askForRest(http: Http, call: Call, from: FilePosition): Promise<Opened | undefined> {
  try {
    const answer = await http.content({ ...call, headers: { ...call.headers, ...rangeHeaders(from) } });
    const part = restOfFile(answer, from) ?? wholeFile(answer);
    const isCoded = part !== undefined && part.start > 0 && codingOf(answer) !== 'identity';
    if (part !== undefined && !isCoded) return { answer, part };
    discard(answer);
  } catch (error) {
    // 416, or another rejection by a provider that does not support ranges.
    if (!(error instanceof ProviderRejected)) throw error;
  }
  return undefined;
}

/**
 * Reads a file to its end. After a broken connection it continues with a new one: by range or, if the provider sends the whole
 * file again, after the bytes already read, which must be the same.
 */
async function* readOn(http: Http, call: Call, first: Opened): AsyncGenerator<Buffer> {
  const rejectTooSlow = paceOf(call, http.totalMs);
  const { start, length, mark } = first.part;
  const isCoded = codingOf(first.answer) !== 'identity';
  const read: ReadFile = { bytes: start, length, mark, start, sum: 0, isRanged: true };
  let vain = 0;
  for (let opened = first; ; opened = await goOn(http, call, read)) {
    const before = read.bytes;
    const failed = yield* readAnswer(call, opened, read, rejectTooSlow);
    if (failed === undefined && read.bytes >= (read.length ?? 0)) return;
    vain = read.bytes > before ? 0 : vain + 1;
    const broken = failed ?? (vain > 0 ? endedEarly(call, read) : undefined);
    if (broken !== undefined) {
      const isFinal = isCoded || broken instanceof FileChanged || http.isGivenUp(call);
      if (isFinal || vain >= MAX_VAIN_ATTEMPTS) throw broken;
      rejectTooSlow(read.bytes - start);
      await http.pause(vain + 1);
    }
  }
}

/** The error for answers that bring no new bytes before the file's end. Without a length, each of them looks complete. */
function endedEarly({ action }: Call, { bytes, length }: FilePosition): ProviderUnavailable {
  return new ProviderUnavailable(`${action}: it ended after ${bytes} of ${length} bytes.`);
}

/** The part of a file that was read so far. */
interface ReadFile extends FilePosition {
  bytes: number;
  length: number | undefined;
  /** Position at which this download began. */
  readonly start: number;
  /** Checksum of the bytes from `start` on, updated by {@link addSamples}. */
  sum: number;
  /** False once the provider is known not to support ranges. */
  isRanged: boolean;
}

async function goOn(http: Http, call: Call, read: ReadFile): Promise<Opened> {
  const opened = await askAgain(http, call, read);
  // The bytes before this download cannot be compared, so the next download starts at the beginning.
  const isOverlapping = opened.part.start === 0 && read.start > 0;
  const isSame = codingOf(opened.answer) === 'identity' && !isOther(opened.part, read);
  if (isSame && !isOverlapping) {
    read.length ??= opened.part.length;
    return opened;
  }
  discard(opened.answer);
  throw isSame
    ? new ProviderUnavailable(
        `${call.action}: it broke off after ${read.bytes} bytes, and is only sent as a whole.`,
      )
    : fileChanged(call);
}

/**
 * Starts a download again after it broke off.
 * @throws ProviderUnavailable also for a file that is no longer found, because it existed for its first bytes
 */
async function askAgain(http: Http, call: Call, read: ReadFile): Promise<Opened> {
  try {
    const rest = read.isRanged && read.bytes > 0 ? await askForRest(http, call, read) : undefined;
    read.isRanged = rest !== undefined && rest.part.start > 0;
    return rest ?? (await askForWhole(http, call));
  } catch (error) {
    if (!(error instanceof ProviderNotFound) || read.bytes === 0) throw error;
    throw new ProviderUnavailable(
      `${call.action}: it broke off after ${read.bytes} bytes, and is not found any more.`,
    );
  }
}

/**
 * Reads an answer to its end.
 * @returns the reason why the answer ended early
 */
async function* readAnswer(
  call: Call,
  { answer, part }: Opened,
  read: ReadFile,
  rejectTooSlow: (received: number) => void,
): AsyncGenerator<Buffer, Error | undefined> {
  const known = { bytes: read.bytes, sum: read.sum };
  let at = part.start;
  let sum = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      const again = Math.min(chunk.length, Math.max(0, known.bytes - at));
      at += chunk.length;
      if (again > 0) {
        sum = addSamples(sum, chunk.subarray(0, again), at - chunk.length);
        if (at >= known.bytes && sum !== known.sum) return fileChanged(call);
      }
      if (again === chunk.length) continue;
      const fresh = chunk.subarray(again);
      read.sum = addSamples(read.sum, fresh, at - fresh.length);
      read.bytes = at;
      rejectTooSlow(at - read.start);
      yield fresh;
    }
  } catch (error) {
    return asProviderError(call, error);
  }
  const { start, end = at } = part;
  if (at !== end)
    return new ProviderUnavailable(`${call.action}: ${at - start} of ${end - start} bytes arrived.`);
  return at < known.bytes ? fileChanged(call) : undefined;
}

const BLOCK_BYTES = 65_536;
const SAMPLE_BYTES = 2_048;

/**
 * Updates a CRC-32 of the first bytes of every block, independent of the chunks. A different order, number or length of lines
 * changes it. A sum over all bytes would take a tenth of a collect's time.
 */
function addSamples(sum: number, chunk: Buffer, at: number): number {
  let added = sum;
  for (let block = at - (at % BLOCK_BYTES); block < at + chunk.length; block += BLOCK_BYTES) {
    const from = Math.max(0, block - at);
    const to = Math.min(chunk.length, block + SAMPLE_BYTES - at);
    if (to > from) added = crc32(chunk.subarray(from, to), added);
  }
  return added;
}

const fileChanged = ({ action }: Call): FileChanged =>
  new FileChanged(`${action}: it has changed since its first bytes came.`);

/**
 * Returns a check that rejects a download below the lowest accepted rate. A slow reader also lowers the rate, so the limit is
 * low. A server that sends a byte now and then is still far below it.
 */
function paceOf({ action }: Call, leastMs: number): (received: number) => void {
  const startedAt = performance.now();
  return (received) => {
    const passedMs = performance.now() - startedAt;
    if (passedMs < leastMs + received / MIN_BYTES_PER_MS) return;
    throw new ProviderUnavailable(
      `${action}: only ${received} bytes in ${Math.round(passedMs / 1_000)} s; it is given up.`,
    );
  };
}

function codingOf({ headers }: Answer): string {
  return String(headers['content-encoding'] ?? 'identity').toLowerCase();
}
