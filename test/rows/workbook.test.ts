import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { build } from './build.ts';
import { workbookOf, zipOf } from './zip-of.ts';

const row = (r: number, ...cells: string[]): string => `<row r="${r}">${cells.join('')}</row>`;
const text = (r: string, value: string): string => `<c r="${r}" t="inlineStr"><is><t>${value}</t></is></c>`;
const cell = (r: string, type: string, value: string | number, style = 0): string =>
  `<c r="${r}" t="${type}" s="${style}"><v>${value}</v></c>`;

const HEADER = row(1, text('A1', 'id'), text('B1', 'review'));
const PROMPT = { prompt: 'Review: {{review}}' };

async function prompts(
  content: Buffer,
  options: Parameters<typeof build>[1] = {},
): Promise<[string, string][]> {
  const { lines } = await build(content, { name: 'reviews.xlsx', profile: PROMPT, ...options });
  return (await lines(0, 1, 'requests.jsonl')).map((line) => {
    const { custom_id, body } = JSON.parse(line) as {
      custom_id: string;
      body: { messages: { content: string }[] };
    };
    return [custom_id, body.messages.at(-1)?.content ?? ''];
  });
}

describe('a workbook', () => {
  test('is a table: shared texts, texts in runs, without how they are pronounced, and escaped characters', async () => {
    const shared = [
      '<t>id</t>',
      '<t>review</t>',
      '<r><t>Boils </t></r><r><t xml:space="preserve">fast &amp; well</t></r><rPh><t>not this</t></rPh>',
      '<t>two_x000A_lines</t>',
    ];
    const rows = [
      row(1, cell('A1', 's', 0), cell('B1', 's', 1)),
      row(2, cell('A2', 'n', 1), cell('B2', 's', 2)),
      row(3, cell('A3', 'n', 2), cell('B3', 's', 3)),
    ];

    expect(await prompts(workbookOf({ sheets: { Data: rows.join('') }, shared }))).toEqual([
      ['1', 'Review: Boils fast & well'],
      ['2', 'Review: two\nlines'],
    ]);
  });

  test('has numbers, booleans, dates and times as a spreadsheet shows them', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="164" formatCode="[$-407]d\\. mmmm yyyy"/><numFmt numFmtId="165" formatCode="0.00 &quot;days&quot;"/><numFmt numFmtId="166" formatCode="00000"/></numFmts>' +
      '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>' +
      '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/><xf numFmtId="20"/><xf numFmtId="166"/></cellXfs>';
    const values: [string, string, number, string][] = [
      ['n', '0.30000000000000004', 0, '0.3'],
      ['n', '1234567890123', 0, '1234567890123'],
      ['n', '1234567890123456789', 0, '1234567890123456789'],
      ['n', '1.2345678901234567E+16', 0, '12345678901234567'],
      ['n', '-4.5e2', 0, '-450'],
      ['n', '1.50E+0', 0, '1.5'],
      ['n', '1.2E+25', 0, '1.2e+25'],
      ['n', '1.0E-3', 0, '0.001'],
      ['n', '7', 6, '00007'],
      ['n', '123456', 6, '123456'],
      ['n', '7.5', 6, '7.5'],
      ['b', '1', 0, 'TRUE'],
      ['n', '45623', 1, '2024-11-27'],
      ['n', '45623', 2, '2024-11-27'],
      ['n', '45623', 3, '45623'],
      ['n', '45623.75', 4, '2024-11-27T18:00:00'],
      ['n', '0.5', 5, '12:00:00'],
      ['str', 'of a formula', 0, 'of a formula'],
      ['d', '2024-11-27', 0, '2024-11-27'],
    ];
    const rows = values.map(([type, value, style], n) => row(n + 2, cell(`B${n + 2}`, type, value, style)));
    const content = workbookOf({ sheets: { Data: HEADER + rows.join('') }, styles });

    expect((await prompts(content)).map(([, prompt]) => prompt)).toEqual(
      values.map(([, , , shown]) => `Review: ${shown}`),
    );
  });

  const CODES: readonly (readonly [format: string, value: string, shown: string])[] = [
    ['000-00-0000', '123456', '000-12-3456'],
    [String.raw`000\-00\-0000`, '12345678901', '12345-67-8901'],
    ['&quot;INV-&quot;0000', '7', 'INV-0007'],
    [String.raw`00000\-0000`, '123456789', '12345-6789'],
    ['[Red]0000', '7', '0007'],
    ['0000;-0000', '7', '0007'],
    ['+00 000', '1234', '+01 234'],
    ['0000', '7.5', '7.5'],
    ['0000', '-7', '-7'],
    ['0', '7', '7'],
    ['0 &quot;days&quot;', '7', '7'],
    ['0.00', '10.1', '10.1'],
    ['0%', '0.15', '0.15'],
    ['#,##0', '1234567', '1234567'],
    ['00,', '1234567', '1234567'],
    ['[&lt;100]00;0000', '7', '7'],
    ['&quot;A0&quot;00', '7', '7'],
    ['[h]:mm', '1.1041666666666667', '26:30:00'],
    ['[mm]:ss', '0.5', '12:00:00'],
    ['[h]:mm:ss', '-0.25', '-06:00:00'],
  ];

  test.each(CODES)('shows numbers of the format %s: %s is %s', async (format, value, shown) => {
    const styles = `<numFmts><numFmt numFmtId="170" formatCode="${format}"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs>`;
    const sheets = { Data: HEADER + row(2, cell('B2', 'n', value)) };

    expect((await prompts(workbookOf({ sheets, styles })))[0]?.[1]).toBe(`Review: ${shown}`);
  });

  test('reads booleans that are written as words', async () => {
    const rows = [cell('B2', 'b', 'true'), cell('B3', 'b', 'false')].map((each, n) => row(n + 2, each));
    const shown = await prompts(workbookOf({ sheets: { Data: HEADER + rows.join('') } }));

    expect(shown.map(([, prompt]) => prompt)).toEqual(['Review: TRUE', 'Review: FALSE']);
  });

  const TYPE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const related = (...targets: readonly (readonly [id: string, kind: string, target: string])[]): string =>
    `<Relationships>${targets
      .map(([id, kind, target]) => `<Relationship Id="${id}" Type="${TYPE}/${kind}" Target="${target}"/>`)
      .join('')}</Relationships>`;

  test('is read from the parts that it names, whatever their names are', async () => {
    const content = zipOf({
      '_rels/.rels': related(['r1', 'officeDocument', '/book/all.xml']),
      'book/all.xml': '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
      'book/_rels/all.xml.rels': related(
        ['a', 'worksheet', 'tab1.xml'],
        ['b', 'sharedStrings', '../texts.xml'],
      ),
      'book/tab1.xml': `<worksheet><sheetData>${HEADER}${row(2, cell('B2', 's', 0))}</sheetData></worksheet>`,
      'texts.xml': '<sst><si><t>found</t></si></sst>',
    });

    expect((await prompts(content))[0]?.[1]).toBe('Review: found');
  });

  test('is refused if a cell has a shared text that is missing', async () => {
    const sheets = { Data: HEADER + row(2, cell('B2', 's', 4)) };

    await expect(prompts(workbookOf({ sheets, shared: ['<t>only one</t>'] }))).rejects.toThrow(
      'reviews.xlsx is not a complete workbook: a cell in row 2 has the shared text "4", which is missing.',
    );
  });

  test('is refused if a part is not in its encoding', async () => {
    const content = workbookOf({ sheets: { Data: `${HEADER}${row(2, text('B2', 'x'))}` } });
    const broken = zipOf({
      'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels': related(['a', 'worksheet', 'worksheets/s.xml']),
      'xl/worksheets/s.xml': Buffer.from('<worksheet>\xff</worksheet>', 'latin1'),
    });

    expect((await prompts(content)).length).toBe(1);
    await expect(prompts(broken)).rejects.toThrow('a part of it is not valid utf-8');
  });

  test('skips rows without a value, keeps missing cells apart, and counts rows as the spreadsheet does', async () => {
    const rows = [
      row(3, text('A3', 'id'), text('B3', 'other'), text('C3', 'review')),
      row(5, text('A5', 'x'), text('C5', 'fine')),
      row(6, text('A6', ' ')),
      row(9, text('A9', 'y')),
      row(10, text('A10', 'z'), text('C10', 'good'), text('F10', 'surplus')),
    ];
    const { plan } = await build(workbookOf({ sheets: { Data: rows.join('') } }), {
      name: 'reviews.xlsx',
      profile: PROMPT,
    });

    expect(plan).toMatchObject({ rows: 3, invalid: 2, inputs: [{ emptyRows: 1, format: '.xlsx' }] });
    expect(plan.problems).toMatchObject([
      { line: 9, custom_id: 'y', code: 'MISSING_COLUMN' },
      { line: 10, custom_id: 'z', code: 'WRONG_COLUMNS' },
    ]);
  });

  test('reports formulas without a value, hidden rows and merged cells', async () => {
    const rows = [
      row(2, text('A2', '1'), text('B2', 'a')).replace('<row ', '<row hidden="1" '),
      row(3, text('A3', '2'), '<c r="B3"><f>A3&amp;"x"</f></c>'),
      row(4, text('A4', '3'), '<c r="B4" t="str"><f>A4</f><v>of a formula</v></c>'),
    ];
    const sheet = `${HEADER}${rows.join('')}<mergeCell ref="B2:B3"/>`;
    const { plan } = await build(workbookOf({ sheets: { Data: sheet } }), {
      name: 'a.xlsx',
      profile: PROMPT,
    });

    expect(plan).toMatchObject({ rows: 3, invalid: 1 });
    expect(plan.inputs?.[0]?.notices).toEqual([
      '1 cell with a formula and no value: read as empty. Open the workbook in a spreadsheet and save it.',
      '1 hidden row: read like the others.',
      '1 range of merged cells: the first cell of each has the value, the others are empty.',
    ]);
  });

  test('skips rows that repeat its header', async () => {
    const again = row(3, text('A3', 'id'), text('B3', 'review '));
    const rows = [row(2, text('A2', '1'), text('B2', 'a')), again, row(4, text('A4', '2'), text('B4', 'b'))];

    expect(await prompts(workbookOf({ sheets: { Data: HEADER + rows.join('') } }))).toEqual([
      ['1', 'Review: a'],
      ['2', 'Review: b'],
    ]);
  });

  const SHEETS = {
    First: HEADER + row(2, text('A2', '1'), text('B2', 'of the first')),
    'Second & last': HEADER + row(2, text('A2', '2'), text('B2', 'of the second')),
  };

  test('is read in its first sheet, with a notice, or in the named one', async () => {
    const content = workbookOf({
      sheets: { First: SHEETS.First, 'Second &amp; last': SHEETS['Second & last'] },
    });

    expect(await prompts(content)).toEqual([['1', 'Review: of the first']]);
    const { plan } = await build(content, { name: 'reviews.xlsx', profile: PROMPT });
    expect(plan.inputs?.[0]?.notices).toEqual([
      'Read the sheet "First", the first of 2; --sheet names another one.',
    ]);
    const asked = { profile: { ...PROMPT, table: { sheet: 'Second & last' } } };
    expect(await prompts(content, asked)).toEqual([['2', 'Review: of the second']]);
    await expect(build(content, { name: 'a.xlsx', profile: { table: { sheet: 'frist' } } })).rejects.toThrow(
      'a.xlsx has no sheet "frist". Did you mean "First"? Its sheets: "First", "Second & last".',
    );
  });

  test('is read in the first sheet that a spreadsheet shows', async () => {
    const sheets = { Lists: SHEETS['Second & last'], First: SHEETS.First };
    const content = workbookOf({ sheets, hidden: ['Lists'] });

    expect(await prompts(content)).toEqual([['1', 'Review: of the first']]);
    const { plan } = await build(content, { name: 'reviews.xlsx', profile: PROMPT });
    expect(plan.inputs?.[0]?.notices).toEqual([
      'Read the sheet "First", the first of 2 (1 hidden); --sheet names another one.',
    ]);
    const asked = { profile: { ...PROMPT, table: { sheet: 'Lists' } } };
    expect(await prompts(content, asked)).toEqual([['2', 'Review: of the second']]);
    expect(await prompts(workbookOf({ sheets, hidden: ['Lists', 'First'] }))).toEqual([
      ['2', 'Review: of the second'],
    ]);
  });

  test.each([
    ['a column of the prompt', PROMPT],
    ['a column of ids', { table: { id: 'id' } }],
    ['any column that is named', { prompt: 'Answer.' }],
  ])('names its other sheets if the first is a cover without %s', async (_, profile) => {
    const cover = row(1, text('A1', 'Report')) + row(2, text('A2', 'of the first quarter'));
    const content = workbookOf({ sheets: { Cover: cover, Data: SHEETS.First, More: SHEETS.First } });

    await expect(build(content, { name: 'a.xlsx', profile })).rejects.toThrow(
      'That is the sheet "Cover", the first of 3. --sheet reads another one: "Data", "More".',
    );
    const asked = { name: 'a.xlsx', profile: { ...profile, table: { id: 'none', sheet: 'Cover' } } };
    await expect(build(content, asked)).rejects.not.toThrow('--sheet');
  });

  test.each([
    ['a.xlsx', Buffer.from('id,review\n'), 'a.xlsx is named .xlsx, but its content is not'],
    ['a.csv', workbookOf({ sheets: {} }), 'a.csv is named .csv, but its content is that of a .xlsx'],
    [
      'a.xlsx',
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      'is an Excel file of the old kind (.xls), or has a password',
    ],
    ['a.xlsx', workbookOf({ sheets: {} }), 'a.xlsx has no sheet with cells.'],
    ['a.xlsx', zipOf({ 'other.txt': 'x' }), 'a.xlsx is not a complete workbook: it has no xl/'],
    [
      'a.xlsx',
      workbookOf({ sheets: { Data: HEADER } }).subarray(0, 400),
      'a.xlsx is not a complete workbook',
    ],
    ['a.xlsx', workbookOf({ sheets: { Data: '<row><c></row>' } }), 'a.xlsx is not a complete workbook'],
    ['a.xlsx', workbookOf({ sheets: { Data: row(1, text('A1', 'Review')) } }), 'Did you mean "Review"?'],
    ['a.parquet', Buffer.from('PAR1 is not enough'), 'a.parquet is not a Parquet file that can be read'],
  ])('that cannot be read is refused with the reason: %s', async (name, content, message) => {
    await expect(build(content, { name, profile: PROMPT })).rejects.toThrow(message);
  });
});

describe('a Parquet file', () => {
  const COLUMNS = [
    { name: 'id', data: [9_007_199_254_740_993n, 2n], type: 'INT64' as const },
    { name: 'review', data: ['Boils fast', 'Grüße'], type: 'STRING' as const },
    { name: 'stars', data: [4.5, 3], type: 'DOUBLE' as const },
    { name: 'when', data: [new Date('2024-11-27T00:00:00Z'), new Date('2024-11-27T18:00:00Z')] },
  ];
  const content = (): Buffer => Buffer.from(parquetWriteBuffer({ columnData: COLUMNS }));

  test('is a table whose numbers keep their digits', async () => {
    const profile = { prompt: '{{review}}: {{stars}} on {{when}}' };

    expect(await prompts(content(), { name: 'a.parquet', profile })).toEqual([
      ['9007199254740993', 'Boils fast: 4.5 on 2024-11-27'],
      ['2', 'Grüße: 3 on 2024-11-27T18:00:00.000Z'],
    ]);
  });

  test('is refused before a row is sent if a template names none of its columns', async () => {
    const profile = { prompt: '{{Review}}' };
    await expect(build(content(), { name: 'a.parquet', profile })).rejects.toThrow(
      'a.parquet has no column "Review", which the prompt names. Did you mean "review"? Its columns: "id", "review"',
    );
  });
});
