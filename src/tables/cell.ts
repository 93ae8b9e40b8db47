import { isExactNumber, numberText, type ExactNumber } from '../exact-json.ts';

/** Content of a table's cell; `undefined` is an empty cell. */
export type Cell = string | number | ExactNumber | boolean | undefined;

/** The common type of a column's cells. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'boolean';

/** Texts, numbers and booleans unchanged, an empty cell for null, JSON for the rest. */
export function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'object') return isExactNumber(value) ? value : JSON.stringify(value);
  return value as string | number | boolean;
}

/** A cell as text; the digits of a number stay unchanged. */
export function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  return typeof cell === 'boolean' ? String(cell) : (numberText(cell) ?? '');
}

/** Number of digits that every double keeps. */
const SAFE_DIGITS = 15;

/** A cell's number if a double keeps all of its digits; otherwise `undefined`. */
export function cellNumber(cell: Cell): number | undefined {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : undefined;
  const text = isExactNumber(cell) ? cell.rawJSON : '';
  const digits = text.replace(/e.*/i, '').replaceAll(/\D/g, '').replace(/^0+/, '').replace(/0+$/, '');
  const value = Number(text);
  return text !== '' && digits.length <= SAFE_DIGITS && Number.isFinite(value) ? value : undefined;
}

/** Finds the common type of a column's cells: text, as soon as they differ or a double would change one. */
export class KindFinder {
  #found: ColumnKind | undefined;

  add(cell: Cell): void {
    if (cell === undefined || this.#found === 'text') return;
    const kind = kindOf(cell);
    this.#found = this.#found === undefined || this.#found === kind ? kind : 'text';
  }

  get kind(): ColumnKind {
    return this.#found ?? 'text';
  }
}

function kindOf(cell: Cell): ColumnKind {
  if (typeof cell === 'boolean') return 'boolean';
  return cellNumber(cell) === undefined ? 'text' : 'number';
}
