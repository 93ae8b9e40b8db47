import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { cellNumber, cellText, toCell, type Cell, type ColumnKind } from './cell.ts';
import type { Table } from './table.ts';

/**
 * Limits of a group of rows, which is kept in memory and written at once: number of rows, and approximate number of characters.
 */
const GROUP_ROWS = 5_000;
const GROUP_CHARACTERS = 16_000_000;

const TYPES = { text: 'STRING', integer: 'INT32', number: 'DOUBLE', boolean: 'BOOLEAN' } as const;

type Value = string | number | boolean | undefined;

/** Writes a table as a Parquet file, group by group. Values without a Parquet type become JSON text. */
export async function* parquetBytes<Source>({ columns, rows }: Table<Source>): AsyncGenerator<Uint8Array> {
  const out = new ByteWriter();
  const file = new GroupWriter(out, columns);
  for await (const batch of rows()) {
    for (const row of batch) {
      file.add(columns.map(({ value }) => toCell(value(row))));
      if (file.isFull) file.flush();
    }
    if (out.index > 0) yield taken(out);
  }
  file.finish();
  yield taken(out);
}

/** The bytes written since the last call. */
function taken(out: ByteWriter): Uint8Array {
  const bytes = Uint8Array.from(out.getBytes());
  out.index = 0;
  return bytes;
}

/** Collects rows by column, and writes them in groups. */
class GroupWriter {
  readonly #columns: readonly { readonly name: string; readonly kind: ColumnKind; data: Value[] }[];
  readonly #file: ParquetWriter;
  #rows = 0;
  #characters = 0;

  constructor(writer: ByteWriter, columns: readonly { readonly name: string; readonly kind: ColumnKind }[]) {
    this.#columns = columns.map(({ name, kind }) => ({ name, kind, data: [] }));
    const schema = schemaFromColumnData({
      columnData: columns.map(({ name, kind }) => ({ name, data: [], type: TYPES[kind], nullable: true })),
    });
    this.#file = new ParquetWriter({ writer, schema });
  }

  get isFull(): boolean {
    return this.#rows >= GROUP_ROWS || this.#characters >= GROUP_CHARACTERS;
  }

  add(cells: readonly Cell[]): void {
    this.#rows += 1;
    for (const [n, { kind, data }] of this.#columns.entries()) {
      const value = typed(cells[n], kind);
      if (typeof value === 'string') this.#characters += value.length;
      data.push(value);
    }
  }

  flush(): void {
    if (this.#rows === 0) return;
    const columnData = this.#columns.map(({ name, data }) => ({ name, data }));
    void this.#file.write({ columnData, rowGroupSize: this.#rows });
    for (const column of this.#columns) column.data = [];
    [this.#rows, this.#characters] = [0, 0];
  }

  finish(): void {
    this.flush();
    void this.#file.finish();
  }
}

function typed(cell: Cell, kind: ColumnKind): Value {
  if (cell === undefined) return undefined;
  if (kind === 'number' || kind === 'integer') return cellNumber(cell);
  if (kind === 'boolean') return typeof cell === 'boolean' ? cell : undefined;
  return cellText(cell);
}
