import { toCell } from '../../src/tables/cell.ts';
import type { Table } from '../../src/tables/table.ts';
import { sheetRow } from './sheet-xml.ts';
import { zip, type ZipEntry } from './zip.ts';

/** Excel's limits of rows per sheet, including the header, and of columns. */
const SHEET_ROWS = 1_048_576;
const SHEET_COLUMNS = 16_384;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/**
 * Writes a table as an XLSX workbook while its rows stream, in as many sheets as necessary. Each sheet has the header, bold and
 * frozen. Numbers and booleans are typed; a number whose digits a spreadsheet would drop becomes text.
 */
export class Workbook {
  /** Number of cells that were longer than Excel allows and were cut. */
  cut = 0;
  readonly #sheetRows: number;

  /** @param sheetRows most rows of a sheet, including its header */
  constructor(sheetRows = SHEET_ROWS) {
    this.#sheetRows = sheetRows;
  }

  bytes<Source>(table: Table<Source>): AsyncGenerator<Uint8Array> {
    return zip(this.#entries(table));
  }

  async *#entries<Source>({ columns, rows }: Table<Source>): AsyncGenerator<ZipEntry> {
    const shown = columns.slice(0, SHEET_COLUMNS);
    const batches = rows()[Symbol.asyncIterator]();
    const header = shown.map(({ name }) => name);
    const state: SheetState<Source> = { rest: [], isEnd: false };
    let sheets = 0;
    try {
      do {
        sheets += 1;
        const texts = this.#sheet(header, this.#rowsOf(batches, state), (row) =>
          shown.map(({ value }) => toCell(value(row))),
        );
        yield { name: `xl/worksheets/sheet${sheets}.xml`, chunks: texts };
      } while (!state.isEnd);
    } finally {
      await batches.return?.();
    }
    for (const [name, text] of parts(sheets)) yield { name, chunks: [XML, text] };
  }

  /** The rows of one sheet; the remaining rows stay for the next one. */
  async *#rowsOf<Source>(
    batches: AsyncIterator<readonly Source[]>,
    state: SheetState<Source>,
  ): AsyncGenerator<readonly Source[]> {
    let room = this.#sheetRows - 1;
    while (room > 0) {
      if (state.rest.length === 0) {
        const next = await batches.next();
        if (next.done === true) break;
        state.rest = next.value;
      }
      const taken = state.rest.slice(0, room);
      state.rest = state.rest.slice(taken.length);
      room -= taken.length;
      yield taken;
    }
    // A further sheet is created only if there is a further row.
    while (state.rest.length === 0 && !state.isEnd) {
      const next = await batches.next();
      if (next.done === true) state.isEnd = true;
      else state.rest = next.value;
    }
  }

  async *#sheet<Source>(
    header: readonly string[],
    batches: AsyncIterable<readonly Source[]>,
    cellsOf: (row: Source) => ReturnType<typeof toCell>[],
  ): AsyncGenerator<string> {
    let number = 1;
    const row = (cells: ReturnType<typeof toCell>[], style?: string): string => {
      const { xml, cut } = sheetRow(number, cells, style);
      number += 1;
      this.cut += cut;
      return xml;
    };
    yield `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`;
    yield row([...header], ' s="1"');
    for await (const batch of batches) yield batch.map((source) => row(cellsOf(source))).join('');
    yield '</sheetData></worksheet>';
  }
}

interface SheetState<Source> {
  /** Rows that were read but are in no sheet yet. */
  rest: readonly Source[];
  isEnd: boolean;
}

/** The files of a workbook other than its sheets. */
function parts(sheets: number): [name: string, text: string][] {
  const numbers = Array.from({ length: sheets }, (_, n) => n + 1);
  const each = (text: (n: number) => string): string => numbers.map(text).join('');
  const override = (path: string, type: string): string =>
    `<Override PartName="${path}" ContentType="${TYPE}.${type}+xml"/>`;
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const relations = (inner: string): string =>
    `<Relationships xmlns="${PACKAGE}/relationships">${inner}</Relationships>`;
  return [
    [
      'xl/workbook.xml',
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${each((n) => `<sheet name="results${n === 1 ? '' : ` ${n}`}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      relations(
        each((n) => relation(`rId${n}`, 'worksheet', `worksheets/sheet${n}.xml`)) +
          relation(`rId${sheets + 1}`, 'styles', 'styles.xml'),
      ),
    ],
    ['xl/styles.xml', STYLES],
    ['_rels/.rels', relations(relation('rId1', 'officeDocument', 'xl/workbook.xml'))],
    [
      '[Content_Types].xml',
      `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${override('/xl/workbook.xml', 'sheet.main')}${each((n) => override(`/xl/worksheets/sheet${n}.xml`, 'worksheet'))}${override('/xl/styles.xml', 'styles')}</Types>`,
    ],
  ];
}

/** Two styles: plain, and bold for the header. */
const STYLES = `<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>`;
