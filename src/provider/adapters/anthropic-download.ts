import { ProviderUnavailable } from '../../errors.ts';
import { frameLines } from '../../jsonl/lines.ts';
import { get, type Call } from '../http/call.ts';
import { streamBody } from '../http/content.ts';
import type { Http } from '../http/http.ts';
import { toResultLine } from './anthropic-result.ts';

/** Most bytes without a newline. No result line is as long, so more bytes are not results. */
const MAX_RESULT_BYTES = 512 * 1_048_576;

/** The results to download. */
interface Wanted {
  readonly batchId: string;
  readonly path: string;
  /** Number of lines to skip. */
  readonly skipped: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Downloads the result lines after the first `skipped`, converted to ours. Unreadable lines are passed on unchanged, so that they
 * are counted.
 * @throws ProviderUnavailable when the last line has no newline: it may be cut off, because the length of the file is unknown
 */
export async function* readResults(
  http: Http,
  { batchId, path, skipped, signal }: Wanted,
): AsyncGenerator<Buffer[]> {
  const call = get(`download results of batch ${batchId}`, path);
  let isPromised = false;
  const content = streamBody(
    http,
    { ...call, headers: { accept: 'application/binary, */*' } },
    {
      signal,
      onStart: ({ length }) => {
        isPromised = length !== undefined;
      },
    },
  );
  const ending = new LastByte(call);
  let seen = 0;
  let unread: Buffer[] = [];
  for await (const lines of frameLines(ending.watch(content), MAX_RESULT_BYTES)) {
    ending.bytes = 0;
    const fresh = lines.slice(Math.max(0, skipped - seen)).map(({ bytes = NOTHING }) => bytes);
    seen += lines.length;
    const last = fresh.at(-1);
    if (last === undefined) continue;
    const handedOn = [...unread, ...fresh.map((bytes) => toResultLine(bytes) ?? rawLine(bytes))];
    unread = toResultLine(last) === undefined ? handedOn.splice(-1) : [];
    yield handedOn;
  }
  if (unread.length > 0 && !isPromised && !ending.isNewline)
    throw new ProviderUnavailable(`${call.action}: they end in the middle of a line.`);
  yield unread;
}

/** Tracks a stream's last byte, and the number of bytes since its last newline. */
class LastByte {
  readonly #call: Call;
  isNewline = false;
  bytes = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * Passes on the bytes of a download, and notes whether they end with a whole line.
   * @throws ProviderUnavailable when far more bytes than a line come without a newline
   */
  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      if (chunk.length > 0) this.isNewline = chunk.at(-1) === 0x0a;
      this.bytes += chunk.length;
      if (this.bytes > 2 * MAX_RESULT_BYTES)
        throw new ProviderUnavailable(`${this.#call.action}: ${this.bytes} bytes came without a line.`);
      yield chunk;
    }
  }
}

const NOTHING = Buffer.alloc(0);

const rawLine = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from('\n')]);
