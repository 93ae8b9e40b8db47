import { InvalidInput } from '../errors.ts';
import { readCsv, readTsv } from './formats/csv.ts';
import type { ReadOptions, ReadRows } from './formats/format.ts';
import { gunzip } from './formats/gunzip.ts';
import { readJsonDocument } from './formats/json-document.ts';
import { readJsonLines } from './formats/json-lines.ts';
import { peek } from './formats/peek.ts';
import { readText } from './formats/text.ts';
import type { Row } from './row.ts';

interface Format {
  readonly extensions: readonly string[];
  readonly read: ReadRows;
}

/** One entry per input format; each may also be gzipped, with `.gz` behind its extension. */
const FORMATS: readonly Format[] = [
  { extensions: ['.jsonl', '.ndjson'], read: readJsonLines },
  { extensions: ['.json'], read: readJsonDocument },
  { extensions: ['.csv'], read: readCsv },
  { extensions: ['.tsv'], read: readTsv },
  { extensions: ['.txt'], read: readText },
];

/**
 * Reads a file by its extension, in any case, after a look at its content.
 * @throws InvalidInput when there is no such format, or the content is plainly another.
 */
export async function* readRows(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { name } = options;
  const isGzipped = /\.gz$/i.test(name);
  const { extension, read } = findFormat(isGzipped ? name.slice(0, -3) : name, name);
  const { start, chunks: content } = await peek(isGzipped ? gunzip(chunks, name) : chunks);
  refuseOtherContent(start, extension, name);
  yield* read(content, options);
}

function findFormat(inner: string, name: string): { readonly extension: string; readonly read: ReadRows } {
  const extension = /\.[^./]+$/.exec(inner)?.[0]?.toLowerCase() ?? 'no extension';
  const format = FORMATS.find(({ extensions }) => extensions.includes(extension));
  if (format !== undefined) return { extension, read: format.read };
  const known = FORMATS.flatMap(({ extensions }) => extensions).join(', ');
  throw new InvalidInput(
    `${name}: ${extension} is not an input format. Known: ${known}, each also with .gz.`,
  );
}

/** Content that gives itself away by its first bytes. */
function refuseOtherContent(start: Buffer, extension: string, name: string): void {
  const refuse = (what: string): never => {
    throw new InvalidInput(`${name} is named ${extension}, but ${what}`);
  };
  if (start[0] === 0x1f && start[1] === 0x8b) refuse('its content is gzipped: add ".gz" to its name.');
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
    refuse('its content is UTF-16: save it as UTF-8.');
  }
  if (start.includes(0)) refuse('its content is not text.');
  if (extension === '.csv' || extension === '.tsv') {
    const text = start.toString('utf8').trimStart();
    if (text.startsWith('{') || text.startsWith('['))
      refuse('its content is JSON: name it ".jsonl" or ".json".');
  }
}
