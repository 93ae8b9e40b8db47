import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { TableRules } from '../../src/checkpoints/profile.ts';
import { build, type BuildOptions } from './build.ts';

interface Sent {
  /** Prompts by the ids of their rows. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
  readonly notices: readonly string[];
}

/** The requests, problems and notices of a table with the template `{{review}}`. */
async function send(
  name: string,
  content: string | Buffer,
  options: BuildOptions['profile'] = {},
): Promise<Sent> {
  const { plan, lines } = await build(content, { name, profile: { prompt: '{{review}}', ...options } });
  const requests = (await lines(0, 1, 'requests.jsonl')).map((line) => JSON.parse(line) as Request);
  return {
    prompts: Object.fromEntries(
      requests.map(({ custom_id, body }) => [custom_id, body.messages[0]?.content ?? '']),
    ),
    problems: plan.problems.map(({ line, custom_id, code }) => `${line} ${custom_id} ${code}`),
    notices: plan.inputs?.[0]?.notices ?? [],
  };
}

interface Request {
  readonly custom_id: string;
  readonly body: { readonly messages: readonly { readonly content: string }[] };
}

describe('a table from practice', () => {
  test.each([
    [
      'semicolons',
      'a.csv',
      'id;review\r\n1;nett, aber laut\r\n2;"so; so"',
      { 1: 'nett, aber laut', 2: 'so; so' },
    ],
    [
      'semicolons and decimal commas',
      'a.csv',
      'id;price;review\n1;2,50;gut\n2;3,75;teuer\n',
      { 1: 'gut', 2: 'teuer' },
    ],
    ['tabs in a .csv', 'a.csv', 'id\treview\n1\ta, b\n', { 1: 'a, b' }],
    ['commas in a .tsv', 'a.tsv', 'id,review\n1,good\n', { 1: 'good' }],
    ['pipes', 'a.csv', 'id|review\n1|good; fine\n', { 1: 'good; fine' }],
    ['a line that names the separator', 'a.csv', 'sep=|\r\nid|review\r\n1|a;b\r\n', { 1: 'a;b' }],
    ['a mark before that line', 'a.csv', '\ufeffsep=;\r\nid;review\r\n1;x\r\n', { 1: 'x' }],
    ['that line in quotes', 'a.csv', '"sep=;"\nid;review\n1;x\n', { 1: 'x' }],
    ['a header in quotes with a line end', 'a.csv', '"id","note\nof it","review"\n1,n,ok\n', { 1: 'ok' }],
    ['lines that end with carriage returns', 'a.csv', 'id,review\r1,one\r2,two\r', { 1: 'one', 2: 'two' }],
    ['separators behind all rows', 'a.csv', 'id,review,,\n1,one,,\n2,two,,\n', { 1: 'one', 2: 'two' }],
    [
      'separators behind some rows',
      'a.csv',
      'id,review\n1,one,\n2,two,,\n3,three\n',
      { 1: 'one', 2: 'two', 3: 'three' },
    ],
    ['cells missing at the end', 'a.csv', 'id,review,price\n1,one\n2,two,3\n', { 1: 'one', 2: 'two' }],
    [
      'quotes within cells',
      'a.csv',
      'id,review\n1,a 5" pipe\n2,say ""hi""\n',
      { 1: 'a 5" pipe', 2: 'say ""hi""' },
    ],
    [
      'quotes at the start of cells in a .tsv',
      'a.tsv',
      'id\treview\n1\t"Great" product\n2\tfine\n',
      { 1: '"Great" product', 2: 'fine' },
    ],
    [
      'a quote that nothing closes in a .tsv',
      'a.tsv',
      'id\treview\n1\t"one\n2\ttwo\n',
      { 1: '"one', 2: 'two' },
    ],
    [
      'a cell of several lines',
      'a.tsv',
      'id\treview\n1\t"one\nmore"\n2\ttwo\n',
      { 1: 'one\nmore', 2: 'two' },
    ],
    ['an index without a name', 'a.csv', ',id,review\n0,a,good\n1,b,bad\n', { a: 'good', b: 'bad' }],
    [
      'another file behind it',
      'a.csv',
      '\ufeffid,review\n1,a\n\ufeffid,review\n2,b\n"id","review"\n3,c\n',
      { 1: 'a', 2: 'b', 3: 'c' },
    ],
    [
      'a file with a mark and quotes behind it',
      'a.csv',
      '"id","review"\n1,a\n\ufeff"id","review"\n2,b\n',
      { 1: 'a', 2: 'b' },
    ],
    [
      'a name beyond ASCII in front, and its header twice',
      'a.csv',
      'über,review\n1,a\nüber,review\n2,b\n',
      { 'row-00000001': 'a', 'row-00000002': 'b' },
    ],
    [
      'an index without a name, and its header twice',
      'a.csv',
      ',id,review\n0,a,x\n,id,review\n0,b,y\n',
      { a: 'x', b: 'y' },
    ],
    [
      'one column, and a row with its name',
      'a.csv',
      'review\nreview\nid\n',
      { 'row-00000001': 'review', 'row-00000002': 'id' },
    ],
    ['a row with the name of its first column', 'a.csv', 'id,review\nid,x\nab,y\n', { id: 'x', ab: 'y' }],
    ['invisible characters in its header', 'a.csv', 'id,\u200breview\u00a0\n1,a\n', { 1: 'a' }],
    ['spaces that do not break in its header', 'a.csv', 'id,review,my\u00a0note\n1,a,b\n', { 1: 'a' }],
    ['the end of a text of DOS', 'a.csv', 'id,review\r\n1,a\r\n\x1a', { 1: 'a' }],
    [
      'zeros in front of its ids',
      'a.csv',
      'id,review\n007,a\n07,b\n7,c\n',
      { '007': 'a', '07': 'b', 7: 'c' },
    ],
    ['carriage returns twice', 'a.csv', 'id,review\r\r\n1,a\r\r\n', { 1: 'a' }],
    ['two byte order marks', 'a.csv', '\ufeff\ufeffid,review\n1,a\n', { 1: 'a' }],
    [
      'formulas and dates, which are texts',
      'a.csv',
      'id,review\n1,=1+1\n2,27.11.2024\n',
      { 1: '=1+1', 2: '27.11.2024' },
    ],
    ['a column of separators', 'a.csv', 'review\n"one, two"\n', { 'row-00000001': 'one, two' }],
  ])('with %s is read', async (_, name, text, prompts) => {
    expect(await send(name, text)).toMatchObject({ prompts, problems: [] });
    expect(await send(`${name}.gz`, gzipSync(text))).toMatchObject({ prompts, problems: [] });
  });

  test('has no rows for lines without a value, and reports their number', async () => {
    const text = '\n,\nid,review\n1,good\n,\n\n"",""\n , \n2,bad\n,,,\n,\n';

    expect(await send('a.csv', text)).toEqual({
      prompts: { 1: 'good', 2: 'bad' },
      problems: [],
      notices: ['6 rows without any value: skipped (first: line 2).'],
    });
  });

  test('reports how many rows repeat its header', async () => {
    const { notices } = await send('a.csv', 'id,review\n1,a\nid,review\n2,b\n"id",review\n');

    expect(notices).toEqual(['2 rows that repeat the header: skipped (first: line 3).']);
  });

  test('keeps the id of a row that cannot be used, for any reason', async () => {
    const text = `id,review\nlong,a,b\nempty,\nnul,${'x'.repeat(5_000)}\0\nfine,ok\n`;

    expect(await send('a.csv', text)).toMatchObject({
      prompts: { fine: 'ok' },
      problems: ['2 long WRONG_COLUMNS', '3 empty MISSING_COLUMN', '4 nul INVALID_UTF8'],
    });
    expect(await send('a.csv', 'key,review\nk1,a,b\nk2,c\n', { table: { id: 'key' } })).toMatchObject({
      prompts: { k2: 'c' },
      problems: ['2 k1 WRONG_COLUMNS'],
    });
  });

  test.each([
    [
      'UTF-16 by its mark',
      Buffer.from('\ufeffid\treview\r\n1\tgrün\r\n', 'utf16le'),
      'UTF-16LE: its byte order mark',
    ],
    [
      'UTF-16 the other way round',
      Buffer.from('\ufeffid\treview\r\n1\tgrün\r\n', 'utf16le').swap16(),
      'UTF-16BE',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('id\treview\r\n1\tgrün\r\n', 'utf16le'),
      'although there is no byte order mark',
    ],
  ])('in %s is decoded, with a notice', async (_, bytes, notice) => {
    const { prompts, notices } = await send('a.tsv', bytes);

    expect(prompts).toEqual({ 1: 'grün' });
    expect(notices.join()).toContain(notice);
  });

  test.each(['id,review\n1,a\0b\n2,c\n', 'id,review\n1,a\0\n', 'id,review\n\0,a\n2,b'])(
    'in UTF-8 with a zero byte is not read as UTF-16: %j',
    async (text) => {
      await expect(send('a.csv', Buffer.from(text))).rejects.toThrowError('its content is not text');
    },
  );

  const MEMO = Buffer.from('id,review\n1,from 3 \x96 7\n', 'latin1');

  test('in an encoding that cannot be recognised is refused as a whole, and read if the encoding is named', async () => {
    await expect(send('a.csv', MEMO)).rejects.toThrowError(
      'a.csv is not valid UTF-8 in line 2, so nothing of it was sent. Save it as UTF-8, or name its encoding: --encoding windows-1252',
    );
    await expect(send('a.txt', Buffer.from('caf\xe9\n', 'latin1'))).rejects.toThrowError(
      'a.txt is not valid UTF-8 in line 1',
    );
    for (const encoding of ['windows-1252', 'latin1', 'CP1252'])
      expect((await send('a.csv', MEMO, { table: { encoding } })).prompts).toEqual({ 1: 'from 3 – 7' });
    expect(
      (await send('a.csv', Buffer.from('\ufeffid,review\n1,é\n'), { table: { encoding: 'windows-1252' } }))
        .prompts,
    ).toEqual({
      1: 'é',
    });
  });

  test('is refused as a whole for invalid bytes after many rows', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `${n},fine\n`).join('');
    const bytes = Buffer.concat([Buffer.from(`id,review\n${rows}`), Buffer.from('x,caf\xe9\n', 'latin1')]);

    await expect(send('a.csv', bytes)).rejects.toThrowError('a.csv is not valid UTF-8 in line 20002');
  });

  test.each([
    [
      'whose separator is in doubt',
      'a.csv',
      'id,a;review\n1,x;good\n2,y;bad\n',
      /comma \(2 columns\), semicolon \(2 columns\)\. Choose one with --delimiter/,
    ],
    [
      'whose rows do not fit the separator of its header',
      'a.csv',
      'id;review\n1;a;b\n2;c;d\n',
      /ambiguous: semicolon \(2 columns\)/,
    ],
    [
      'with a cell that is never closed',
      'a.csv',
      'id,review\n1,a\n2,"b\n3,c\n',
      /at line 3: a quote opens a cell there and is never closed\. .*--no-quotes/,
    ],
    [
      'with text behind a closing quote',
      'a.csv',
      'id,review\n1,"a" b\n',
      /at line 2: .*text follows the quote that closes it/,
    ],
    [
      'with rows that a quote may hold together',
      'a.csv',
      'id,review\n1,"good\n2,bad"\n3,x\n',
      /lines 2 to 3 are one row if quotes hold cells together/,
    ],
    [
      'with such rows among others',
      'a.tsv',
      'id\treview\nx\tfine\ny\t"one\nz\ttwo"\nw\tend\n',
      /lines 3 to 4 are one row/,
    ],
    ['with two columns of one name', 'a.csv', 'id,review,id\n1,2,3', /two columns named "id"/],
    [
      'without the column that the template names',
      'a.csv',
      'id,text\n1,x\n',
      /no column "review", which the prompt names\. Its columns: "id", "text"\./,
    ],
    [
      'with that column in another case',
      'a.csv',
      'id,Review\n1,x\n',
      /no column "review".* Did you mean "Review"\?/,
    ],
    [
      'with an id column in another case',
      'a.csv',
      'ID,Review,review\n7,x,good\n',
      /column "ID"\. Did you mean "id"\? .*--id "ID"/,
    ],
    [
      'with an id column with spaces',
      'a.csv',
      'Custom ID,review\n7,good\n',
      /column "Custom ID"\. Did you mean "custom_id"\?/,
    ],
  ])('%s is refused before anything is sent', async (_, name, text, message) => {
    await expect(send(name, text)).rejects.toThrowError(message);
  });

  test('without a template is refused if a column is nearly named like a field of rows', async () => {
    await expect(send('a.csv', 'id,Prompt\n1,x\n', { prompt: undefined })).rejects.toThrowError(
      /column "Prompt"\. Did you mean "prompt"\?/,
    );
    await expect(send('a.csv', 'id,prompt,MODEL\n1,x,m\n', { prompt: undefined })).rejects.toThrowError(
      /column "MODEL"\. Did you mean "model"\?/,
    );
  });

  test.each<[string, string, TableRules, Record<string, string>]>([
    ['delimiter', 'id,a;review\n1,x;good\n', { delimiter: ';' }, { 'row-00000001': 'good' }],
    [
      'quotes, which are characters',
      'id,review\n1,"good\n2,bad"\n',
      { quotes: false },
      { 1: '"good', 2: 'bad"' },
    ],
    [
      'quotes, which hold cells together',
      'id,review\n1,"good\n2,bad"\n',
      { quotes: true },
      { 1: 'good\n2,bad' },
    ],
    ['id', 'ID,Review,review\n7,x,good\n', { id: 'ID' }, { 7: 'good' }],
    ['id, before an id of another name', 'id,nr,review\n1,n1,good\n', { id: 'nr' }, { n1: 'good' }],
  ])('is read with the %s of the profile', async (_, text, table, prompts) => {
    expect(await send('a.csv', text, { table })).toMatchObject({ prompts, problems: [] });
  });

  test('reports what was recognised, and nothing for a plain table', async () => {
    const { plan } = await build('id,review\n1,good\n', { name: 'a.csv' });
    const strange = await build('id;;review\n1;x;good\n2\n', {
      name: 'a.csv',
      profile: { prompt: '{{review}}' },
    });

    expect(plan.inputs).toEqual([
      {
        key: 'input/a.csv',
        format: '.csv',
        encoding: 'utf-8',
        delimiter: ',',
        columns: ['id', 'review'],
        notices: [],
      },
    ]);
    expect(strange.plan.inputs).toMatchObject([
      {
        delimiter: ';',
        ignoredColumns: 1,
        notices: [
          'Read with the delimiter semicolon, as its header and its first records are separated.',
          'Column 2 has no name in the header: ignored.',
          '1 row with fewer cells than the header: the missing cells count as empty (line 3).',
        ],
      },
    ]);
  });
});
