import { cellNumber, cellText, type Cell } from '../../src/tables/cell.ts';

/** Most characters that Excel allows in a cell. */
export const MAX_CELL = 32_767;

/** Characters that XML does not allow are written as `_xHHHH_`, and so is text that looks like such an escape. */
const NO_XML = /(?![\t\n])\p{Cc}|[\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/gu;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** A text in the form that spreadsheet programs read back unchanged. */
export function sheetText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(NO_XML, (unit) => `_x${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replaceAll(/[&<>]/g, (character) => ENTITIES[character] ?? '');
}

export interface SheetRow {
  readonly xml: string;
  /** Number of cells that were longer than Excel allows and were cut. */
  readonly cut: number;
}

/** A row of a sheet. Texts are always texts, never formulas. */
export function sheetRow(number: number, cells: readonly Cell[], style = ''): SheetRow {
  let cut = 0;
  let xml = `<row r="${number}">`;
  for (const [n, cell] of cells.entries()) {
    if (cell === undefined) continue;
    const start = `<c r="${columnName(n)}${number}"${style}`;
    const value = cellNumber(cell);
    if (typeof cell === 'boolean') xml += `${start} t="b"><v>${cell ? 1 : 0}</v></c>`;
    else if (value !== undefined) xml += `${start}><v>${value}</v></c>`;
    else {
      const text = cellText(cell);
      if (text.length > MAX_CELL) cut += 1;
      const shown = sheetText(text.slice(0, MAX_CELL));
      xml += `${start} t="inlineStr"><is><t xml:space="preserve">${shown}</t></is></c>`;
    }
  }
  return { xml: `${xml}</row>`, cut };
}

/** A, B, … Z, AA, AB, … */
export function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}
