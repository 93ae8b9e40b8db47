import type { InputReading } from '../../checkpoints/plan.ts';

/** Columns that are named in the plan and the summary. */
const MAX_COLUMNS = 50;
const MAX_NAME = 100;

/** Collects how one file is read, as it is read: what was recognised, and what was left out. */
export class Reading {
  /** The extension that says the format, such as `.csv`. */
  format = '';
  encoding = 'utf-8';
  /** Of a table. */
  delimiter: string | undefined;
  columns: readonly string[] | undefined;
  ignoredColumns = 0;
  readonly emptyRows = new Tally();
  readonly shortRows = new Tally();
  readonly severalLines = new Tally();
  readonly plainQuotes = new Tally();
  readonly #notices: string[] = [];

  /** Adds a sentence for people about something that is not the plain default. */
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
    const { emptyRows, shortRows, severalLines, plainQuotes } = this;
    return [
      emptyRows.tell('without any value: skipped', 'row'),
      shortRows.tell('with fewer cells than the header: the missing cells count as empty', 'row'),
      severalLines.tell(
        'over several lines that could also be rows of their own: quotes hold them together (--no-quotes reads quotes as plain characters)',
        'row',
      ),
      plainQuotes.tell('that begin with a quote which does not end them: read as plain text', 'cell'),
    ].filter((told) => told !== undefined);
  }
}

/** How often something was seen, and the first line it was seen on. */
export class Tally {
  count = 0;
  #line = 0;

  add(line: number): void {
    if (this.count === 0) this.#line = line;
    this.count += 1;
  }

  tell(what: string, noun: string): string | undefined {
    if (this.count === 0) return undefined;
    const [how, first] = this.count === 1 ? [`1 ${noun}`, 'line'] : [`${this.count} ${noun}s`, 'first: line'];
    return `${how} ${what} (${first} ${this.#line}).`;
  }
}
