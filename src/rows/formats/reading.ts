import type { InputReading } from '../../checkpoints/plan.ts';

/** Most columns to list in the plan and the summary. */
const MAX_COLUMNS = 50;
const MAX_NAME = 100;

/** State of a {@link Reading} between two calls. */
export interface SavedReading extends Pick<Reading, 'format' | 'encoding' | 'ignoredColumns'> {
  readonly delimiter?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  /** Number of occurrences and first line of each tally, in the order of {@link TALLIES}. */
  readonly tallies: readonly SavedTally[];
  readonly notices: readonly string[];
}

type SavedTally = readonly [count: number, line: number];

const TALLIES = ['emptyRows', 'shortRows', 'severalLines', 'plainQuotes', 'repeatedHeaders'] as const;

/** Records how one file is read: which settings were detected, and what was skipped. */
export class Reading {
  /** Extension of the format, such as `.csv`. */
  format = '';
  encoding = 'utf-8';
  /** Only for a table. */
  delimiter: string | undefined;
  columns: readonly string[] | undefined;
  ignoredColumns = 0;
  readonly emptyRows = new Tally();
  readonly shortRows = new Tally();
  readonly severalLines = new Tally();
  readonly plainQuotes = new Tally();
  readonly repeatedHeaders = new Tally();
  readonly #notices: string[] = [];

  static from(saved: SavedReading): Reading {
    const reading = new Reading();
    Object.assign(reading, {
      format: saved.format,
      encoding: saved.encoding,
      delimiter: saved.delimiter,
      columns: saved.columns,
      ignoredColumns: saved.ignoredColumns,
    });
    for (const [n, name] of TALLIES.entries()) reading[name].restore(saved.tallies[n] ?? [0, 0]);
    reading.#notices.push(...saved.notices);
    return reading;
  }

  save(): SavedReading {
    const { format, encoding, delimiter, columns, ignoredColumns } = this;
    const tallies = TALLIES.map((name) => this[name].save());
    return { format, encoding, delimiter, columns, ignoredColumns, tallies, notices: [...this.#notices] };
  }

  /**
   * Adds the reading of a later part of the file, which was read separately.
   * @param lines number of lines before that part
   */
  append({ tallies }: SavedReading, lines: number): void {
    for (const [n, name] of TALLIES.entries()) this[name].append(tallies[n] ?? [0, 0], lines);
  }

  /** Adds a sentence for people about something that differs from the default. */
  note(sentence: string): void {
    this.#notices.push(sentence);
  }

  facts(): InputReading {
    const { format, encoding, delimiter, columns, ignoredColumns, emptyRows } = this;
    return {
      format,
      encoding,
      ...(delimiter !== undefined && { delimiter }),
      ...(columns !== undefined && {
        columns: columns.slice(0, MAX_COLUMNS).map((name) => name.slice(0, MAX_NAME)),
      }),
      ...(ignoredColumns > 0 && { ignoredColumns }),
      ...(emptyRows.count > 0 && { emptyRows: emptyRows.count }),
      notices: [...this.#notices, ...this.#tallies()],
    };
  }

  #tallies(): string[] {
    const { emptyRows, repeatedHeaders, shortRows, severalLines, plainQuotes } = this;
    return [
      repeatedHeaders.describe('that repeat the header: skipped', 'row'),
      emptyRows.describe('without any value: skipped', 'row'),
      shortRows.describe('with fewer cells than the header: the missing cells count as empty', 'row'),
      severalLines.describe(
        'over several lines that could also be separate rows: quotes hold them together (--no-quotes reads quotes as plain characters)',
        'row',
      ),
      plainQuotes.describe('that begin with a quote which does not end them: read as plain text', 'cell'),
    ].filter((notice) => notice !== undefined);
  }
}

/** Number of occurrences, and the first line with one. */
export class Tally {
  count = 0;
  #line = 0;

  save(): SavedTally {
    return [this.count, this.#line];
  }

  restore([count, line]: SavedTally): void {
    this.count = count;
    this.#line = line;
  }

  append([count, line]: SavedTally, lines: number): void {
    if (this.count === 0) this.#line = line + lines;
    this.count += count;
  }

  add(line: number): void {
    if (this.count === 0) this.#line = line;
    this.count += 1;
  }

  describe(what: string, noun: string): string | undefined {
    if (this.count === 0) return undefined;
    const [how, first] = this.count === 1 ? [`1 ${noun}`, 'line'] : [`${this.count} ${noun}s`, 'first: line'];
    return `${how} ${what} (${first} ${this.#line}).`;
  }
}
