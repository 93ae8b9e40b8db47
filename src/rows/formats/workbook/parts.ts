import { posix } from 'node:path';
import { didYouMean, quoted } from '../../../text/did-you-mean.ts';
import { InvalidInput } from '../../../errors.ts';
import { isDateFormat, leastDigits, type CellStyles } from './cell-text.ts';
import { readAllXml } from './read-xml.ts';
import type { ZipParts } from './zip-file.ts';

const WORKBOOK = 'xl/workbook.xml';

interface Sheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

/** The sheets of a workbook in the order of its tabs. */
export interface Workbook {
  readonly sheets: readonly Sheet[];
  /** True if its dates count from 1904, as on old Macs. */
  readonly from1904: boolean;
}

export async function readWorkbook(zip: ZipParts, name: string): Promise<Workbook> {
  const parts = await readRelations(zip, name);
  const sheets: Sheet[] = [];
  let from1904 = false;
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    if (tag === 'workbookPr') from1904 = /^(1|true)$/.test(attributes['date1904'] ?? '');
    const part = tag === 'sheet' ? parts.get(attributes['id'] ?? '') : undefined;
    // Sheets with only a chart have no cells.
    if (part !== undefined && part.includes('worksheets/'))
      sheets.push({
        name: attributes['name'] ?? '',
        part,
        isHidden: /hidden/i.test(attributes['state'] ?? ''),
      });
  };
  await readAllXml(zip.read(WORKBOOK), { open }, name);
  return { sheets, from1904 };
}

/** Reads which part each id of the workbook refers to. */
async function readRelations(zip: ZipParts, name: string): Promise<ReadonlyMap<string, string>> {
  const parts = new Map<string, string>();
  const open = (tag: string, { Id: id, Target: target }: Readonly<Record<string, string>>): void => {
    if (tag !== 'Relationship' || id === undefined || target === undefined) return;
    parts.set(id, target.startsWith('/') ? target.slice(1) : posix.join('xl', target));
  };
  await readAllXml(zip.read('xl/_rels/workbook.xml.rels'), { open }, name);
  return parts;
}

/**
 * Chooses the sheet with the given name; without a name, the first sheet that a spreadsheet shows.
 * @throws InvalidInput when the sheet does not exist, or there are no sheets
 */
export function chooseSheet({ sheets }: Workbook, asked: string | undefined, name: string): Sheet {
  const first = sheets.find(({ isHidden }) => !isHidden) ?? sheets[0];
  const found = asked === undefined ? first : sheets.find((sheet) => sheet.name === asked);
  if (found !== undefined) return found;
  const names = sheets.map((sheet) => sheet.name);
  if (asked === undefined) throw new InvalidInput(`${name} has no sheet with cells.`);
  const some = names.slice(0, 20).map(quoted).join(', ');
  throw new InvalidInput(
    `${name} has no sheet ${quoted(asked)}.${didYouMean(asked, names)} Its sheets: ${some}.`,
  );
}

/** Most characters of all shared texts, which are kept in memory. */
const MAX_SHARED = 200_000_000;

/** Reads the texts that cells share, in order. */
export async function readSharedStrings(zip: ZipParts, name: string): Promise<readonly string[]> {
  const part = 'xl/sharedStrings.xml';
  if (!zip.has(part)) return [];
  const texts: string[] = [];
  let characters = 0;
  const reader = new TextReader((text) => {
    texts.push(text);
    characters += text.length;
    if (characters > MAX_SHARED)
      throw new InvalidInput(`${name} has more than ${MAX_SHARED} characters of text: save it as CSV.`);
  }, 'si');
  await readAllXml(zip.read(part), reader, name);
  return texts;
}

/** Reads texts, which may have several runs; skips their phonetic guides. */
export class TextReader {
  readonly #take: (text: string) => void;
  readonly #element: string;
  #pieces: string[] | undefined;
  #isText = false;
  #pronounced = 0;

  constructor(take: (text: string) => void, element: string) {
    this.#take = take;
    this.#element = element;
  }

  readonly open = (tag: string): void => {
    if (tag === this.#element) this.#pieces = [];
    else if (tag === 'rPh') this.#pronounced += 1;
    else if (tag === 't') this.#isText = this.#pronounced === 0;
  };

  readonly text = (text: string): void => {
    if (this.#isText) this.#pieces?.push(text);
  };

  readonly close = (tag: string): void => {
    if (tag === 't') this.#isText = false;
    else if (tag === 'rPh') this.#pronounced -= 1;
    else if (tag === this.#element && this.#pieces !== undefined) {
      this.#take(unescaped(this.#pieces.join('')));
      this.#pieces = undefined;
    }
  };
}

/** Characters that XML does not allow are written as `_x000D_`. */
export function unescaped(text: string): string {
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Reads which styles show a number as a date, or with zeros in front. */
export async function readStyles(zip: ZipParts, { from1904 }: Workbook, name: string): Promise<CellStyles> {
  const part = 'xl/styles.xml';
  const formats = new Map<number, string>();
  const dates: boolean[] = [];
  const digits: number[] = [];
  let inCells = false;
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    const id = Number(attributes['numFmtId'] ?? 0);
    if (tag === 'numFmt') formats.set(id, attributes['formatCode'] ?? '');
    else if (tag === 'cellXfs') inCells = true;
    else if (tag === 'xf' && inCells) {
      dates.push(isDateFormat(id, formats.get(id)));
      digits.push(leastDigits(formats.get(id)));
    }
  };
  const close = (tag: string): void => {
    if (tag === 'cellXfs') inCells = false;
  };
  if (zip.has(part)) await readAllXml(zip.read(part), { open, close }, name);
  return { isDate: (style) => dates[style] === true, digits: (style) => digits[style] ?? 0, from1904 };
}
