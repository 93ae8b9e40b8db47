import { isUtf8 } from 'node:buffer';
import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from './format.ts';
import { peek, withoutStart, type Peeked } from './peek.ts';

/** The encoding of a file, recognised from its first bytes. */
interface Recognised {
  /** A canonical name of the WHATWG Encoding Standard. */
  readonly encoding: string;
  /** Number of bytes of the byte order mark. */
  readonly mark: number;
  /** The reason, if it is not UTF-8 and was not configured. */
  readonly why?: string | undefined;
}

/** Number of first bytes in which a NUL means that the file is not text; a later NUL makes its row invalid. */
const TEXT_BYTES = 4_096;

/** The canonical name of an encoding, such as `windows-1252` for `latin1`; undefined for an unknown encoding. */
export function canonicalEncoding(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/**
 * A file's content as UTF-8 without a byte order mark. Uses the byte order mark, then the profile, then the bytes: UTF-16 is
 * detected by its zeros. Other encodings cannot be distinguished by their bytes, so they must be configured.
 * @returns the content, and the number of bytes of the byte order mark
 * @throws InvalidInput when the content is not text, or not in the expected encoding
 */
export async function decodeText(
  peeked: Peeked,
  options: ReadOptions,
): Promise<Peeked & { readonly mark: number }> {
  const { encoding, mark, why } = recognise(peeked.start, options);
  const { name, reading } = options;
  reading.encoding = encoding;
  if (why !== undefined) reading.note(`Read as ${encoding.toUpperCase()}: ${why}.`);
  const chunks = mark > 0 ? withoutStart(peeked.chunks, mark) : peeked.chunks;
  const decoded =
    encoding === 'utf-8'
      ? { ...peeked, start: peeked.start.subarray(mark), chunks }
      : await peek(decode(chunks, encoding, name));
  const nul = decoded.start.subarray(0, TEXT_BYTES).indexOf(0);
  if (nul !== -1) throw notText(decoded.start, nul, options);
  return { ...decoded, mark };
}

/** First bytes of compressed files that are not read, as Latin-1. */
const COMPRESSED: readonly (readonly [format: string, start: string])[] = [
  ['Zstandard', '\x28\xb5\x2f\xfd'],
  ['bzip2', 'BZh'],
  ['xz', '\xfd7zXZ'],
  ['LZ4', '\x04\x22\x4d\x18'],
];

function notText(start: Buffer, nul: number, { name, reading }: ReadOptions): InvalidInput {
  const head = start.toString('latin1', 0, 8);
  const compressed = COMPRESSED.find(([, magic]) => head.startsWith(magic))?.[0];
  const line = start.toString('latin1', 0, nul).split(/\r\n|\n|\r/).length;
  const why =
    compressed === undefined
      ? `it has a NUL byte in line ${line}. Remove it or, if the file is in UTF-16, say so: --encoding utf-16le, or table: { encoding: 'utf-16le' } in the profile.`
      : `it is compressed with ${compressed}. Unpack it, or compress it with gzip.`;
  return new InvalidInput(`${name} is named ${reading.format}, but its content is not text: ${why}`);
}

function recognise(start: Buffer, { table, reading, name }: ReadOptions): Recognised {
  const asked = table?.encoding === undefined ? undefined : canonicalEncoding(table.encoding);
  const marked = readMark(start, name);
  if (marked !== undefined) {
    if (asked === undefined || asked === marked.encoding)
      return asked === undefined ? marked : { ...marked, why: undefined };
    reading.note(`The profile's encoding is ${asked}, but the file's byte order mark overrides it.`);
    return marked;
  }
  if (asked !== undefined) return { encoding: asked, mark: 0 };
  const encoding = start.includes(0) ? findUtf16(start) : undefined;
  if (encoding === undefined) return { encoding: 'utf-8', mark: 0 };
  return { encoding, mark: 0, why: 'its bytes are those of UTF-16, although there is no byte order mark' };
}

const WHY_MARKED = 'its byte order mark says so';

function readMark(start: Buffer, name: string): Recognised | undefined {
  const hex = start.toString('hex', 0, 4);
  if (hex === 'fffe0000' || hex === '0000feff')
    throw new InvalidInput(`${name} is UTF-32, which is not read: save it as UTF-8.`);
  if (hex.startsWith('efbbbf')) return { encoding: 'utf-8', mark: 3 };
  if (hex.startsWith('fffe')) return { encoding: 'utf-16le', mark: 2, why: WHY_MARKED };
  if (hex.startsWith('feff')) return { encoding: 'utf-16be', mark: 2, why: WHY_MARKED };
  return undefined;
}

/**
 * Least share of units with a zero half for UTF-16. UTF-16 text has zeros in only one half of its units, in at least a tenth of
 * them, and no control characters.
 */
const MIN_ZERO_HALVES = 0.1;
const CONTROL = /(?![\t\n\r])\p{Cc}/u;

function findUtf16(start: Buffer): string | undefined {
  const zeros = [0, 0];
  for (const [at, byte] of start.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [high = 0, low = 0] = zeros;
  if ((high === 0) === (low === 0) || high + low < (MIN_ZERO_HALVES * start.length) / 2) return undefined;
  const encoding = high === 0 ? 'utf-16le' : 'utf-16be';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(start, { stream: true });
    return CONTROL.test(text) || isUtf8WithZeros(start, text) ? undefined : encoding;
  } catch {
    return undefined;
  }
}

/** True if bytes that could be UTF-16 are probably UTF-8 with a zero: read as UTF-16, they would have no line ends. */
function isUtf8WithZeros(start: Buffer, asUtf16: string): boolean {
  return start.includes(0x0a) && !/[\n\r]/.test(asUtf16) && isUtf8(start);
}

async function* decode(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  name: string,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  const read = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch {
      throw new InvalidInput(
        `${name} is not valid ${encoding.toUpperCase()}, so nothing of it was sent. Name its encoding: ${HOW_TO_NAME}.`,
      );
    }
  };
  for await (const chunk of chunks) {
    const text = read(chunk);
    if (text.length > 0) yield text;
  }
  const last = read();
  if (last.length > 0) yield last;
}

const HOW_TO_NAME = "--encoding windows-1252, or table: { encoding: 'windows-1252' } in the profile";

/** The error for a file with invalid bytes, also if they are on one line only: half a file is never sent. */
export function notUtf8(name: string, line?: number): InvalidInput {
  const where = line === undefined ? '' : ` in line ${line}`;
  return new InvalidInput(
    `${name} is not valid UTF-8${where}, so nothing of it was sent. Save it as UTF-8, or name its encoding: ${HOW_TO_NAME}.`,
  );
}
