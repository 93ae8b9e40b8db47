import { counted } from '../../../text/counted.ts';
import { quoted } from '../../../text/did-you-mean.ts';
import { InvalidInput, InvalidRequest } from '../../../errors.ts';
import type { ReadRow, Table, UnreadableRow } from '../../row.ts';
import type { ReadOptions } from '../format.ts';
import { spool } from '../spool.ts';
import { readHeader, repeatsHeader } from '../table-header.ts';
import { toTableRow } from '../table-rows.ts';
import { chooseSheet, readSharedStrings, readStyles, readWorkbook, type Workbook } from './parts.ts';
import { readXml } from './read-xml.ts';
import { SheetReader, type SheetRow } from './sheet-rows.ts';
import { openZip } from './zip-file.ts';

/**
 * Reads one row per row of a sheet below its header: cells as they are shown, dates in ISO 8601. Copies the workbook to a
 * temporary file, because its table of contents is at its end; streams its rows.
 * @throws InvalidInput when it is not a workbook, or does not have the sheet
 */
export async function* readWorkbookRows(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<(ReadRow | UnreadableRow)[]> {
  const { name, reading, table: rules } = options;
  await using spooled = await spool(chunks, name);
  using zip = await openZip(spooled.path, name);
  const workbook = await readWorkbook(zip, name);
  const sheet = chooseSheet(workbook, rules?.sheet, name);
  noteSheet(workbook, sheet.name, options);
  const shared = await readSharedStrings(zip, workbook, name);
  const styles = await readStyles(zip, workbook, name);
  const reader = new SheetReader({ name, shared, styles });
  let table: Table | undefined;
  const toRows = (rows: readonly SheetRow[]): (ReadRow | UnreadableRow)[] =>
    rows.flatMap(({ line, cells }) => {
      if (cells.every((cell) => cell.trim() === '')) {
        reading.emptyRows.add(line);
        return [];
      }
      if (table !== undefined && repeatsHeader(cells, table)) {
        reading.repeatedHeaders.add(line);
        return [];
      }
      if (table !== undefined) return [toTableRow(line, cells, table)];
      table = readHeaderOf(workbook, sheet.name, cells, options);
      return [];
    });
  // The chunk itself is not used: the reader has the rows found so far.
  for await (const _ of readXml(zip.read(sheet.part), reader, name)) {
    const rows = toRows(reader.take());
    if (rows.length > 0) yield rows;
  }
  noteCells(reader, reading);
}

/** Calls {@link readHeader}. If no sheet was named, its error names the other sheets, because the first sheet may be a cover. */
function readHeaderOf(
  { sheets }: Workbook,
  chosen: string,
  cells: readonly string[],
  options: ReadOptions,
): Table {
  try {
    return readHeader(cells, options);
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof InvalidRequest)) throw error;
    const others = sheets.flatMap(({ name }) => (name === chosen ? [] : [quoted(name)]));
    if (others.length === 0 || options.table?.sheet !== undefined) throw error;
    error.message += ` That is the sheet ${quoted(chosen)}, the first of ${sheets.length}. --sheet reads another one: ${others.join(', ')}.`;
    throw error;
  }
}

/** Adds notices about cells that a spreadsheet shows but its file does not contain. */
function noteCells(
  { errors, uncomputed, hiddenRows, merged }: SheetReader,
  reading: ReadOptions['reading'],
): void {
  if (errors > 0) reading.note(`${errors} cells hold an error such as #N/A: they count as empty.`);
  if (uncomputed > 0)
    reading.note(
      `${counted(uncomputed, 'cell')} with a formula and no value: read as empty. Open the workbook in a spreadsheet and save it.`,
    );
  if (hiddenRows > 0) reading.note(`${counted(hiddenRows, 'hidden row')}: read like the others.`);
  if (merged > 0)
    reading.note(
      `${counted(merged, 'range')} of merged cells: the first cell of each has the value, the others are empty.`,
    );
}

function noteSheet({ sheets }: Workbook, chosen: string, { reading, table }: ReadOptions): void {
  if (sheets.length <= 1 || table?.sheet !== undefined) return;
  const hidden = sheets.filter(({ isHidden }) => isHidden).length;
  const without = hidden === 0 ? '' : ` (${hidden} hidden)`;
  reading.note(
    `Read the sheet "${chosen}", the first of ${sheets.length}${without}; --sheet names another one.`,
  );
}
