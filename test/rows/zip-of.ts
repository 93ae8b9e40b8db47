import { crc32, deflateRawSync } from 'node:zlib';

/** A zip file of these parts, as `zip` writes it, with the central directory at its end. */
export function zipOf(parts: Readonly<Record<string, string | Buffer>>): Buffer {
  const files = Object.entries(parts).map(([name, text]) => ({
    name: Buffer.from(name),
    content: Buffer.from(text),
  }));
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const packed = deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), shared, name, packed]);
    const behind = Buffer.alloc(14);
    behind.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 0]);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002', 'latin1'), made, shared, behind, name]));
    pieces.push(local);
    offset += local.length;
  }
  const contents = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(contents.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...pieces, contents, Buffer.from('PK\u0005\u0006', 'latin1'), end]);
}

/** XML of each sheet's rows, by the sheet's name. */
export interface WorkbookParts {
  readonly sheets: Readonly<Record<string, string>>;
  readonly shared?: readonly string[];
  readonly styles?: string;
  /** Names of hidden sheets. */
  readonly hidden?: readonly string[];
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';

export function workbookOf({ sheets, shared = [], styles = '', hidden = [] }: WorkbookParts): Buffer {
  const names = Object.keys(sheets);
  const stateOf = (name: string): string => (hidden.includes(name) ? ' state="hidden"' : '');
  const tabs = names.map(
    (name, n) => `<sheet name="${name}" sheetId="${n + 1}"${stateOf(name)} r:id="rId${n + 1}"/>`,
  );
  const relations = names.map(
    (_, n) => `<Relationship Id="rId${n + 1}" Type="x" Target="worksheets/sheet${n + 1}.xml"/>`,
  );
  const rows = Object.values(sheets).map((xml, n) => [
    `xl/worksheets/sheet${n + 1}.xml`,
    `${HEAD}<worksheet xmlns="s"><sheetData>${xml}</sheetData></worksheet>`,
  ]);
  return zipOf({
    '[Content_Types].xml': `${HEAD}<Types/>`,
    'xl/workbook.xml': `${HEAD}<workbook xmlns="s" xmlns:r="r"><sheets>${tabs.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships>${relations.join('')}</Relationships>`,
    ...(Object.fromEntries(rows) as Record<string, string>),
    'xl/styles.xml': `${HEAD}<styleSheet xmlns="s">${styles}</styleSheet>`,
    // After the sheets that use it, as spreadsheets write it.
    'xl/sharedStrings.xml': `${HEAD}<sst xmlns="s">${shared.map((text) => `<si>${text}</si>`).join('')}</sst>`,
  });
}
