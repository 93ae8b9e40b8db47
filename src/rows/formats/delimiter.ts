import { InvalidInput } from '../../errors.ts';
import { cellsOf, RecordCutter, type CsvRecord } from './csv-records.ts';
import type { TableRules } from '../../checkpoints/profile.ts';

/** Common delimiters of tables, with their names. */
const NAMES: Readonly<Record<string, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'pipe',
};

/** A delimiter in words: `comma`, or the character itself. */
export function delimiterName(delimiter: string): string {
  return NAMES[delimiter] ?? `"${delimiter}"`;
}

/** Parses a delimiter from a profile or a command: a character, its name, or `\t`; undefined if it is not one. */
export function readDelimiter(written: string): string | undefined {
  if (written === '\\t') return '\t';
  const named = Object.keys(NAMES).find((delimiter) => NAMES[delimiter] === written.toLowerCase());
  if (named !== undefined) return named;
  return /^[\t\x20-\x7e]$/.test(written) && !/["\w]/.test(written) ? written : undefined;
}

/** Excel's first line that names the delimiter; `bytes` includes its line end. */
export function readSepLine(
  start: Buffer,
): { readonly delimiter: string; readonly bytes: number } | undefined {
  const [line, , delimiter] =
    /^("?)sep=([^\w"\r\n])\1(?:\r\n|\n|\r)/i.exec(start.toString('latin1', 0, 16)) ?? [];
  return line === undefined || delimiter === undefined ? undefined : { delimiter, bytes: line.length };
}

/** The beginning of a table, from which its delimiter is detected. */
export interface Sample {
  readonly name: string;
  readonly start: Buffer;
  /** True if it is the whole table. */
  readonly isWhole: boolean;
  /** The delimiter suggested by the file's extension. */
  readonly promised: string;
  readonly quotes: TableRules['quotes'];
}

/** The fit of a delimiter to a table. */
interface Fit {
  readonly delimiter: string;
  /** Columns of its header. */
  readonly width: number;
  readonly records: number;
  /** Records with as many cells as the header, not counting additional empty ones. */
  readonly fitting: number;
  /** Records with one cell. */
  readonly single: number;
}

/**
 * Detects a table's delimiter from its header and first records: the one that splits both into the same number of cells, at least
 * two. A header without any delimiter makes a table with one column.
 * @throws InvalidInput when several delimiters fit, or none of those in the header fits the records
 */
export function recogniseDelimiter(sample: Sample): string {
  const { promised, name } = sample;
  const split = Object.keys(NAMES)
    .map((delimiter) => fitOf(sample, delimiter))
    .filter(({ width }) => width > 1);
  const plausible = split.filter(
    ({ records, fitting }) => records === 0 || (fitting > 0 && 2 * fitting >= records),
  );
  const whole = plausible.filter(({ records, fitting }) => fitting === records);
  const [only] = whole.length > 0 ? whole : plausible;
  if (only === undefined) {
    // If the suggested delimiter is in the header, problems are reported for each row.
    if (split.every(({ delimiter, records, single }) => delimiter === promised || single === records))
      return promised;
    throw doubtful(name, split);
  }
  if (
    whole.length === 1 &&
    (only.delimiter === promised || !plausible.some(({ delimiter }) => delimiter === promised))
  )
    return only.delimiter;
  if (plausible.length === 1) return only.delimiter;
  throw doubtful(name, plausible);
}

function fitOf({ start, isWhole, quotes }: Sample, delimiter: string): Fit {
  const cut = (isEnd: boolean): readonly CsvRecord[] =>
    new RecordCutter({ delimiter, quotes, longest: Infinity }).cut(start, isEnd).records;
  const whole = cut(isWhole);
  // A header that is longer than the sample is rejected as too long later.
  const [header = [], ...records] = (whole.length > 0 ? whole : cut(true))
    .map((record) => cellsOf(record))
    .filter((cells) => cells.some((cell) => cell.trim() !== ''));
  const width = header.length;
  const fits = (cells: readonly string[]): boolean =>
    cells.length === width || (cells.length > width && cells.slice(width).every((cell) => cell === ''));
  return {
    delimiter,
    width,
    records: records.length,
    fitting: records.filter((cells) => fits(cells)).length,
    single: records.filter((cells) => cells.length === 1).length,
  };
}

function doubtful(name: string, fits: readonly Fit[]): InvalidInput {
  const readings = fits.map(({ delimiter, width }) => `${delimiterName(delimiter)} (${width} columns)`);
  return new InvalidInput(
    `${name}: its delimiter is ambiguous: ${readings.join(', ')}. Choose one with --delimiter ${delimiterName(fits[0]?.delimiter ?? ',')}, or table: { delimiter: '${fits[0]?.delimiter === '\t' ? '\\t' : fits[0]?.delimiter}' } in the profile.`,
  );
}
