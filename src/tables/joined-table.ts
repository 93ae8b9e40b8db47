import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { schemaFields, structuredAnswer } from './answer-fields.ts';
import { KindFinder, toCell } from './cell.ts';
import { joinRows, type JoinedRow } from './joined-rows.ts';
import { answerField, shownAnswer } from './results-table.ts';
import { ColumnNames, type Column, type Table } from './table.ts';

type JoinedColumn = Column<JoinedRow>;

/** Most columns of the input, and of the answers: rows that are maps would give one column per key. */
const MAX_COLUMNS = 1_000;

export interface JoinedTable extends Table<JoinedRow> {
  /** True if the rows have more fields than there are columns. */
  readonly isCut: boolean;
}

/**
 * A job's input beside its answers: the input's columns, `ok`, the answer, a column per top-level field of a structured answer,
 * and `error`; in a job with several files also the source of each row. Reads everything once to find the columns.
 * @param results opens the results; called twice
 * @throws InvalidInput as {@link joinRows}
 */
export async function joinedTable(
  store: ObjectStore,
  job: Job,
  results: () => AsyncIterable<Uint8Array>,
): Promise<JoinedTable> {
  const rows = (): AsyncGenerator<JoinedRow[]> => joinRows(store, job, results());
  const asked = new FieldFinder([]);
  const answered = new FieldFinder(schemaFields(job.profile.output));
  let tellsSources = false;
  let known: readonly string[] | undefined;
  for await (const batch of rows()) {
    for (const { fields, header, line } of batch) {
      if (header !== undefined && header !== known) asked.name(header.filter((name) => name !== ''));
      known = header;
      asked.add(fields);
      const answer = structuredAnswer(line);
      if (answer !== undefined) answered.add(answer);
      tellsSources ||= line.source !== undefined;
    }
  }
  return {
    columns: columnsOf(asked, answered, tellsSources),
    isCut: asked.isCut || answered.isCut,
    rows,
  };
}

function columnsOf(asked: FieldFinder, answered: FieldFinder, tellsSources: boolean): JoinedColumn[] {
  const inputs = asked.found();
  const names = new ColumnNames(inputs.map(({ name }) => name));
  const own = (
    name: string,
    kind: JoinedColumn['kind'],
    value: (line: ResultLine) => unknown,
  ): JoinedColumn => ({ name: names.add(name, 'result'), kind, value: ({ line }) => value(line) });
  const ok = own('ok', 'boolean', (line) => line.ok);
  const answer = own('answer', 'text', (line) => shownAnswer(line) ?? null);
  const error = own('error', 'text', (line) =>
    line.ok ? null : `${line.error.code}: ${line.error.message}`,
  );
  const sources = tellsSources
    ? [
        own('source_file', 'text', (line) => line.source?.file),
        own('source_line', 'integer', (line) => line.source?.line),
      ]
    : [];
  return [
    ...inputs.map(({ name, kind }) => ({
      name,
      kind,
      value: ({ fields }: JoinedRow) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    })),
    ok,
    answer,
    ...answered.found().map(({ name, kind }) => ({
      name: names.add(name, 'output'),
      kind,
      value: ({ line }: JoinedRow) => answerField(line, name),
    })),
    error,
    ...sources,
  ];
}

/** Finds the fields of objects, in the order of their first occurrence, and the types of their values. */
class FieldFinder {
  readonly #fields = new Map<string, KindFinder>();
  isCut = false;

  constructor(first: readonly string[]) {
    this.name(first);
  }

  /** Adds fields that exist whether or not a row has a value for them. */
  name(names: readonly string[]): void {
    for (const name of names) if (!this.#fields.has(name)) this.#new(name);
  }

  add(values: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(values)) {
      const field = this.#fields.get(name) ?? this.#new(name);
      field?.add(toKindCell(value));
    }
  }

  #new(name: string): KindFinder | undefined {
    if (this.#fields.size >= MAX_COLUMNS) {
      this.isCut = true;
      return undefined;
    }
    const field = new KindFinder();
    this.#fields.set(name, field);
    return field;
  }

  found(): { readonly name: string; readonly kind: KindFinder['kind'] }[] {
    return [...this.#fields].map(([name, { kind }]) => ({ name, kind }));
  }
}

/** A cell of the same type as the value, without writing the JSON text of an array or an object. */
function toKindCell(value: unknown): ReturnType<typeof toCell> {
  return typeof value === 'object' && value !== null && (Array.isArray(value) || !JSON.isRawJSON(value))
    ? 'JSON'
    : toCell(value);
}
