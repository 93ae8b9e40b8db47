import { quoted } from '../../../text/did-you-mean.ts';
import { InvalidInput } from '../../../errors.ts';
import { MAX_COLUMNS } from '../csv-records.ts';
import { dateToText, durationToText, numberToText, withPattern, type CellStyles } from './cell-text.ts';
import { TextReader, unescaped } from './parts.ts';
import type { XmlHandler } from './read-xml.ts';

/** A row of a sheet as texts. */
export interface SheetRow {
  /** 1-based row number, as shown by the spreadsheet. */
  readonly line: number;
  readonly cells: readonly string[];
}

interface Known {
  /** The name of the file. */
  readonly name: string;
  readonly shared: readonly string[];
  readonly styles: CellStyles;
}

/** Collects the rows of a sheet while its XML streams. */
export class SheetReader implements XmlHandler {
  readonly #known: Known;
  readonly #inline: TextReader;
  #rows: SheetRow[] = [];
  #line = 0;
  #cells: string[] = [];
  #column = 0;
  #type = '';
  #style = 0;
  #value = '';
  #isValue = false;
  #hasFormula = false;
  /** Number of cells whose formula failed. */
  errors = 0;
  /** Number of cells with a formula that the program that wrote the file did not compute. */
  uncomputed = 0;
  hiddenRows = 0;
  /** Number of merged ranges. Only the first cell of a range has the value. */
  merged = 0;

  constructor(known: Known) {
    this.#known = known;
    this.#inline = new TextReader((text) => (this.#value = text), 'is');
  }

  /** The rows that have ended since the last call. */
  take(): readonly SheetRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  readonly open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    if (tag === 'row') {
      this.#line = Number(attributes['r'] ?? this.#line + 1);
      this.#cells = [];
      this.#column = 0;
      if (/^(?:1|true)$/.test(attributes['hidden'] ?? '')) this.hiddenRows += 1;
    } else if (tag === 'c') {
      this.#column = columnOf(attributes['r']) ?? this.#column + 1;
      this.#type = attributes['t'] ?? 'n';
      this.#style = Number(attributes['s'] ?? 0);
      this.#value = '';
      this.#hasFormula = false;
    } else if (tag === 'v') this.#isValue = true;
    else if (tag === 'f') this.#hasFormula = true;
    else if (tag === 'mergeCell') this.merged += 1;
    else this.#inline.open(tag);
  };

  readonly text = (text: string): void => {
    if (this.#isValue) this.#value += text;
    else this.#inline.text(text);
  };

  readonly close = (tag: string): void => {
    if (tag === 'v') this.#isValue = false;
    else if (tag === 'c') this.#endCell();
    else if (tag === 'row') this.#rows.push({ line: this.#line, cells: this.#cells });
    else this.#inline.close(tag);
  };

  #endCell(): void {
    if (this.#column < 1 || this.#column > MAX_COLUMNS) return;
    if (this.#hasFormula && this.#value === '' && this.#type !== 'str') this.uncomputed += 1;
    while (this.#cells.length < this.#column - 1) this.#cells.push('');
    this.#cells[this.#column - 1] = this.#cellText();
  }

  #cellText(): string {
    const value = this.#value;
    const { shared } = this.#known;
    switch (this.#type) {
      case 's':
        return shared[Number(value)] ?? this.#missing(value);
      case 'inlineStr':
        return value;
      case 'str':
        return unescaped(value);
      case 'b':
        return /^(?:1|true)$/i.test(value) ? 'TRUE' : 'FALSE';
      case 'd':
        return value;
      case 'e':
        this.errors += 1;
        return '';
      default:
        return value === '' ? '' : this.#numberText(value);
    }
  }

  #numberText(value: string): string {
    const { styles } = this.#known;
    if (styles.isDuration(this.#style)) return durationToText(value);
    if (styles.isDate(this.#style)) return dateToText(value, styles.from1904);
    const pattern = styles.code(this.#style);
    const text = numberToText(value);
    return pattern === undefined ? text : withPattern(text, pattern);
  }

  /**
   * The text of a cell whose shared text was not found: empty if the cell refers to none.
   * @throws InvalidInput when the workbook lacks the shared text
   */
  #missing(value: string): string {
    if (value === '') return '';
    throw new InvalidInput(
      `${this.#known.name} is not a complete workbook: a cell in row ${this.#line} has the shared text ${quoted(value)}, which is missing. Open it in a spreadsheet and save it anew.`,
    );
  }
}

/** The number of a cell's column, from 1: 28 for `AB12`. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0];
  if (letters === undefined) return undefined;
  return letters.split('').reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0);
}
