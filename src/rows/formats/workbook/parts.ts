import { posix } from 'node:path';
import { didYouMean, quoted } from '../../../text/did-you-mean.ts';
import { InvalidInput } from '../../../errors.ts';
import {
  codePattern,
  isDateFormat,
  isDurationFormat,
  type CellStyles,
  type CodePattern,
} from './cell-text.ts';
import { readAllXml } from './read-xml.ts';
import type { ZipParts } from './zip-file.ts';

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
  /** The parts with its shared texts and its styles, which it may lack. */
  readonly sharedStrings: string;
  readonly styles: string;
}

export async function readWorkbook(zip: ZipParts, name: string): Promise<Workbook> {
  const part = await findWorkbook(zip, name);
  const related = await readRelations(zip, part, name);
  const byId = new Map(related.map((relation) => [relation.id, relation]));
  const partOf = (kind: string): string =>
    related.find((each) => each.kind === kind)?.part ?? posix.join(posix.dirname(part), `${kind}.xml`);
  const sheets: Sheet[] = [];
  let from1904 = false;
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    if (tag === 'workbookPr') from1904 = /^(1|true)$/.test(attributes['date1904'] ?? '');
    const sheet = tag === 'sheet' ? byId.get(attributes['id'] ?? '') : undefined;
    // Sheets with only a chart have no cells.
    if (sheet !== undefined && (sheet.kind === 'worksheet' || sheet.part.includes('worksheets/')))
      sheets.push({
        name: attributes['name'] ?? '',
        part: sheet.part,
        isHidden: /hidden/i.test(attributes['state'] ?? ''),
      });
  };
  await readAllXml(zip.read(part), { open }, name);
  return { sheets, from1904, sharedStrings: partOf('sharedStrings'), styles: partOf('styles') };
}

/** A part that another part refers to. */
interface Relation {
  readonly id: string;
  /** The last word of its type, such as `worksheet`. */
  readonly kind: string;
  readonly part: string;
}

const USUAL_WORKBOOK = 'xl/workbook.xml';

/** The part that holds the workbook: `xl/workbook.xml`, unless the file names another one, as some services write it. */
async function findWorkbook(zip: ZipParts, name: string): Promise<string> {
  if (zip.has(USUAL_WORKBOOK) || !zip.has(relationsOf(''))) return USUAL_WORKBOOK;
  const related = await readRelations(zip, '', name);
  return related.find(({ kind }) => kind === 'officeDocument')?.part ?? USUAL_WORKBOOK;
}

/** The part that lists what a part, or the file itself, refers to. */
function relationsOf(part: string): string {
  return posix.join(posix.dirname(part), '_rels', `${posix.basename(part)}.rels`);
}

/** Reads what a part refers to. */
async function readRelations(zip: ZipParts, part: string, name: string): Promise<readonly Relation[]> {
  const relations: Relation[] = [];
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    const { Id: id, Target: target, Type: type = '' } = attributes;
    if (tag !== 'Relationship' || id === undefined || target === undefined) return;
    const to = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(part), target);
    relations.push({ id, kind: posix.basename(type), part: to });
  };
  await readAllXml(zip.read(relationsOf(part)), { open }, name);
  return relations;
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
export async function readSharedStrings(
  zip: ZipParts,
  { sharedStrings: part }: Workbook,
  name: string,
): Promise<readonly string[]> {
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

/** Reads which styles show a number as a date, a duration or a code. */
export async function readStyles(
  zip: ZipParts,
  { from1904, styles: part }: Workbook,
  name: string,
): Promise<CellStyles> {
  const formats = new Map<number, string>();
  const dates: boolean[] = [];
  const durations: boolean[] = [];
  const codes: (CodePattern | undefined)[] = [];
  let inCells = false;
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    const id = Number(attributes['numFmtId'] ?? 0);
    if (tag === 'numFmt') formats.set(id, attributes['formatCode'] ?? '');
    else if (tag === 'cellXfs') inCells = true;
    else if (tag === 'xf' && inCells) {
      dates.push(isDateFormat(id, formats.get(id)));
      durations.push(isDurationFormat(id, formats.get(id)));
      codes.push(codePattern(formats.get(id)));
    }
  };
  const close = (tag: string): void => {
    if (tag === 'cellXfs') inCells = false;
  };
  if (zip.has(part)) await readAllXml(zip.read(part), { open, close }, name);
  return {
    isDate: (style) => dates[style] === true,
    isDuration: (style) => durations[style] === true,
    code: (style) => codes[style],
    from1904,
  };
}
