import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInput } from '../../src/errors.ts';
import { readRows } from '../../src/rows/formats.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import type { Row } from '../../src/rows/row.ts';
import { build, type Built } from './build.ts';
import { EXHAUSTIVE, tableOf, trials } from '../support/exhaustive.ts';

const CORPUS = new URL('./hostile/', import.meta.url);

/** Stands for prompts in the files of the corpus. */
const PAYLOAD = 'PAYLOAD';

interface Case {
  readonly file: string;
  readonly outcome: string;
}

/** The table in the corpus's README, with the expected outcome of each file. */
function readTable(): Case[] {
  const readme = readFileSync(new URL('README.md', CORPUS), 'utf8');
  return [...readme.matchAll(/^\| `(.+?)` \| .+ \| `(.+)` \|$/gm)].map(([, file = '', outcome = '']) => ({
    file,
    outcome,
  }));
}

const content = (file: string): Buffer => readFileSync(new URL(file, CORPUS));

/** The outcome of a file in the words of the table. Throws all errors except InvalidInput. */
async function outcomeOf(name: string, bytes: string | Buffer | AsyncIterable<Buffer>): Promise<string> {
  let built: Built;
  try {
    built = await build(bytes, { name });
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    // The text includes everything that a logger would print.
    expect(inspect(error, { depth: 10 })).not.toContain(PAYLOAD);
    return `InvalidInput: ${error.message}`;
  }
  await expectReconciled(built);
  const { rows, invalid, problems, failure } = built.plan;
  expect(JSON.stringify([failure, problems.map(({ message }) => message)])).not.toContain(PAYLOAD);
  if (rows === 0) return `InvalidInput: ${failure?.message}`;
  const lines = problems.map(({ line, code }) => `line ${line} ${code}`).join(', ');
  return `${rows - invalid} sent, ${invalid} invalid${lines === '' ? '' : `: ${lines}`}`;
}

/** Checks that every row of the plan is a request line, or an invalid result line with its dead letter. */
async function expectReconciled({ plan, lines }: Built): Promise<void> {
  let rows = 0;
  for (const [n, shard] of plan.shards.entries()) {
    rows += shard.rows;
    const [sent, results, deadLetters] = await Promise.all([
      lines(n, 1, 'requests.jsonl'),
      lines(n, 0, 'results.jsonl'),
      lines(n, 0, 'dead-letters.jsonl'),
    ]);
    expect(sent.length).toBe(shard.requests);
    expect(shard.requests + shard.invalid).toBe(shard.rows);
    expect(results.length).toBe(shard.invalid === 0 ? 0 : shard.rows);
    expect(results.filter((line) => line !== '').length).toBe(shard.invalid);
    expect(deadLetters.map((line) => line === '')).toEqual(results.map((line) => line === ''));
    for (const line of [...sent, ...results, ...deadLetters]) {
      if (line !== '') expect(JSON.parse(line)).toHaveProperty('custom_id');
    }
  }
  expect(plan.rows).toBe(rows);
  expect(plan.invalid).toBe(plan.shards.reduce((sum, { invalid }) => sum + invalid, 0));
}

describe('the corpus', () => {
  const table = readTable();

  test('and its table hold the same files', () => {
    const files = readdirSync(CORPUS).filter((file) => !file.startsWith('.') && file !== 'README.md');

    expect(table.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
  });

  test.each(table)('$file ends as: $outcome', async ({ file, outcome }) => {
    const bytes = content(file);

    expect(await outcomeOf(file, bytes)).toBe(outcome);
    if (outcome.startsWith('InvalidInput')) expect(outcome).toContain(file);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  trials(100, 500).test('is read the same in chunks of any size', async (numRuns) => {
    const small = table.map(({ file }) => file).filter((file) => content(file).length < 1_000);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...small), fc.integer({ min: 1, max: 100 }), async (file, size) => {
        const bytes = content(file);
        expect(await readInChunks(file, bytes, size)).toEqual(await readInChunks(file, bytes, bytes.length));
      }),
      { numRuns },
    );
  });
});

/** The rows of a file, or `refused`. */
async function readInChunks(name: string, bytes: Buffer, size: number): Promise<readonly Row[] | 'refused'> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
  }
  try {
    const rows: Row[] = [];
    for await (const batch of readRows(chunks(), { name, maxRowBytes: 100_000, reading: new Reading() }))
      rows.push(...batch);
    return rows;
  } catch (error) {
    if (error instanceof InvalidInput) return 'refused';
    throw error;
  }
}

describe('a file that is too large for the corpus', () => {
  const row = (id: string): string => JSON.stringify({ custom_id: id, prompt: PAYLOAD });
  const tooLarge =
    'the row is larger than a file may be; is a quote missing? If quotes are plain characters in this table, use --no-quotes, or table: { quotes: false } in the profile.';

  /** 100 MB without a line end, between two other texts. */
  async function* longLine(before: string, filler: string, behind: string): AsyncGenerator<Buffer> {
    const chunk = Buffer.from(filler.repeat(1_000_000 / filler.length));
    yield Buffer.from(before);
    for (let n = 0; n < 100; n += 1) yield chunk;
    yield Buffer.from(behind);
  }

  tableOf(
    [
      [
        'a.jsonl',
        `${row('a')}\n{"prompt":"`,
        'x',
        `"}\n${row('c')}`,
        '2 sent, 1 invalid: line 2 ROW_TOO_LARGE',
      ],
      ['deep.jsonl', `${row('a')}\n`, '[', `\n${row('c')}`, '2 sent, 1 invalid: line 2 ROW_TOO_LARGE'],
      ['a.txt', `${PAYLOAD}\n`, 'x', `\n${PAYLOAD}`, '2 sent, 1 invalid: line 2 ROW_TOO_LARGE'],
      ['a.json', `[${row('a')},{"prompt":"`, 'x', '"}]', 'a.json has a row of more than 1000000 bytes.'],
      ['object.json', '{"a":"', 'x', '"}', 'object.json has a row of more than 1000000 bytes.'],
      ['key.json', '{"', 'x', '":"x"}', 'key.json has a row of more than 1000000 bytes.'],
      ['escapes.json', '["', '\\"', '"]', 'escapes.json has a row of more than 1000000 bytes.'],
      ['nested.json', '[[', '[],', '1]]', 'nested.json has a row of more than 1000000 bytes.'],
      ['deep.json', '[', '[', ']', 'deep.json has a row of more than 1000000 bytes.'],
      ['blank.json', '[', ' ', ']', 'blank.json has a row of more than 1000000 bytes.'],
      ['a.csv', 'prompt,b\n', 'x', ',b', `a.csv cannot be read at line 2: ${tooLarge}`],
      ['quoted.csv', 'prompt,b\n"', '""', '"', `quoted.csv cannot be read at line 2: ${tooLarge}`],
      ['header.tsv', '', 'x', '\n', `header.tsv cannot be read at line 1: ${tooLarge}`],
      ['commas.csv', 'a,b\n', ',', '', 'commas.csv has more than 16384 columns in line 2.'],
    ],
    5,
  ).test(
    '%s of one line, %j and 100 MB of %j, ends with a clear error',
    async (name, before, filler, behind, outcome) => {
      const expected =
        name.endsWith('.txt') || name.endsWith('.jsonl') ? outcome : `InvalidInput: ${outcome}`;

      expect(await outcomeOf(name, longLine(before, filler, behind))).toBe(expected);
    },
  );

  tableOf(
    [
      ['bomb.txt.gz', 'x'],
      ['bomb.jsonl.gz', '\n'],
      ['bomb.csv.gz', '\n'],
    ],
    1,
  ).test('%s, a gigabyte of %j in a megabyte, is refused', async (name, filler) => {
    const member = gzipSync(Buffer.alloc(50_000_000, filler));

    expect(await outcomeOf(name, Buffer.concat(Array.from({ length: 20 }, () => member)))).toBe(
      `InvalidInput: ${name} unpacks to more than 200 times its size: it is not an input file.`,
    );
  });

  test('a row that is larger than any request is not read, even if larger files are allowed', async () => {
    const limits = { maxBytes: 100_000_000, maxRows: 10 };
    const { plan } = await build(`${row('a')}\n["${'x'.repeat(20_000_100)}"]\n`, { limits });

    expect(plan.problems).toMatchObject([{ line: 2, code: 'ROW_TOO_LARGE' }]);
  });

  test('a table with the most columns is refused if the last has the name of the first', async () => {
    const columns = Array.from({ length: 16_383 }, (_, n) => `c${n}`);

    expect(await outcomeOf('wide.csv', `${columns.join(',')},c0\n`)).toBe(
      'InvalidInput: wide.csv has two columns named "c0".',
    );
  });
});

describe('a file of any bytes', EXHAUSTIVE, () => {
  const VALID: Readonly<Record<string, string>> = {
    jsonl:
      '{"custom_id":"a","prompt":"é"}\n{"prompt":"b","temperature":1.5e-3}\r\n\n{"messages":[{"role":"user"}]}\n',
    json: '[{"custom_id":"a","prompt":"é \\ud83c\\udf0d"},\n{"prompt":"b","metadata":{"x":[1,null,true]}}]',
    csv: 'custom_id,prompt\r\na,"b, ""c""\nd"\r\nb,é\r\n',
    tsv: 'custom_id\tprompt\na\t"b"\nb\té\n',
    txt: 'one\n\ntwo é\r\nthree',
  };
  /** Texts that often break parsers. */
  const TOKENS = [
    ...'" \\ { [ } ] , : - \n \r \t \0 \ufeff \u2028 \ufffd \\ud800 1e999 __proto__ "custom_id":"a"'.split(
      ' ',
    ),
    '\n{"prompt":"x"}\n',
    `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
  ];
  const extension = fc.constantFrom(...Object.keys(VALID));
  const where = fc.double({ min: 0, max: 1, noNaN: true });
  const insert = fc.oneof(
    fc.constantFrom(...TOKENS).map((token) => Buffer.from(token)),
    fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  );

  /** A change of a file: inserts, overwrites, flips a bit, repeats or cuts off bytes. */
  const mutation = fc.oneof(
    fc.tuple(where, insert).map(([at, bytes]) => splice(at, 0, bytes)),
    fc.tuple(where, insert).map(([at, bytes]) => splice(at, bytes.length, bytes)),
    fc.tuple(where, fc.integer({ min: 0, max: 7 })).map(([at, bit]) => flip(at, bit)),
    fc.tuple(where, where).map(([at, of]) => repeat(at, of)),
    where.map((at) => splice(at, Infinity, Buffer.alloc(0))),
  );
  const mutations = fc.array(mutation, { maxLength: 3 });

  const anything = fc
    .tuple(extension, fc.boolean(), fc.uint8Array({ maxLength: 300 }))
    .map(([ext, packed, bytes]) =>
      packed
        ? { name: `a.${ext}.gz`, bytes: gzipSync(bytes) }
        : { name: `a.${ext}`, bytes: Buffer.from(bytes) },
    );
  const mutated = fc
    .tuple(extension, mutations)
    .map(([ext, changes]) => ({ name: `a.${ext}`, bytes: apply(Buffer.from(VALID[ext] ?? ''), changes) }));
  const packed = fc
    .tuple(mutated, mutations)
    .map(([{ name, bytes }, changes]) => ({ name: `${name}.gz`, bytes: apply(gzipSync(bytes), changes) }));

  test.each([
    ['at random', anything, 300],
    ['that were a valid file once', mutated, 800],
    ['that were a valid file once, gzipped', packed, 500],
  ])('%s ends in a clear error, or with every row accounted for', async (_, files, numRuns) => {
    await fc.assert(
      fc.asyncProperty(files, async ({ name, bytes }) => {
        expect(await outcomeOf(name, bytes)).toMatch(/^InvalidInput: a\.|^\d+ sent, \d+ invalid/);
      }),
      { numRuns },
    );
  });
});

type Mutation = (bytes: Buffer) => Buffer;

function apply(bytes: Buffer, changes: readonly Mutation[]): Buffer {
  return changes.reduce((changed, change) => change(changed), bytes);
}

/** Replaces bytes. `at` is a share of the file's length. */
function splice(at: number, remove: number, put: Buffer): Mutation {
  return (bytes) => {
    const from = Math.floor(at * bytes.length);
    return Buffer.concat([
      bytes.subarray(0, from),
      put,
      bytes.subarray(Math.min(from + remove, bytes.length)),
    ]);
  };
}

function flip(at: number, bit: number): Mutation {
  return (bytes) => {
    const flipped = Buffer.from(bytes);
    const n = Math.min(Math.floor(at * bytes.length), bytes.length - 1);
    if (n >= 0) flipped.writeUInt8(flipped.readUInt8(n) ^ (1 << bit), n);
    return flipped;
  };
}

function repeat(at: number, of: number): Mutation {
  return (bytes) => {
    const from = Math.floor(at * bytes.length);
    return splice(at, 0, bytes.subarray(from, from + Math.floor(of * bytes.length)))(bytes);
  };
}
