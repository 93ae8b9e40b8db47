import { expect, test } from 'vitest';
import { tableOf } from '../support/exhaustive.ts';
import { openWorld, type RunOptions } from './world.ts';

/** A file as people and programs write it, and the outcomes of its rows: ids with `ok` or the error code. */
type Input = readonly [
  name: string,
  content: string | Buffer,
  rows: Readonly<Record<string, string>>,
  options?: RunOptions,
];

const REVIEWS: RunOptions = { prompt: 'echo:{{review}}' };
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

const INPUTS: readonly Input[] = [
  [
    'semicolon.csv',
    'id;review\r\na;gut, aber laut\r\nb;"so; lala"\r\n',
    { a: 'gut, aber laut', b: 'so; lala' },
    REVIEWS,
  ],
  ['sep.csv', 'sep=;\r\nid;review\r\na;gut\r\n', { a: 'gut' }, REVIEWS],
  ['utf16.csv', utf16('id\treview\r\na\tfine\r\n'), { a: 'fine' }, REVIEWS],
  ['empty-rows.csv', 'id,review\r\na,good\r\n,\r\nb,bad\r\n,\r\n', { a: 'good', b: 'bad' }, REVIEWS],
  [
    'empty-cells.csv',
    'town,id,review,price\nN,07,"good",1.50,,\nS,08,"bad",2.5\n',
    { '07': 'good', '08': 'bad' },
    REVIEWS,
  ],
  ['index.csv', ',id,review\n0,a,good\n1,b,bad\n', { a: 'good', b: 'bad' }, REVIEWS],
  ['inches.csv', 'id,review\na,a 32" screen\nb,fine\n', { a: 'a 32" screen', b: 'fine' }, REVIEWS],
  ['unusable.csv', 'id,review\nmine,a,b\nok,fine\n', { mine: 'WRONG_COLUMNS', ok: 'fine' }, REVIEWS],
  ['one.json', '{"custom_id":"a","prompt":"echo:one row"}', { a: 'one row' }],
  [
    'one-request.json',
    '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"echo:hi"}]}}',
    { a: 'hi' },
  ],
  [
    'cut.jsonl',
    '{"custom_id":"a","prompt":"Deal \\ud83d... buy"}\n{"custom_id":"b","prompt":"echo:Deal \\ud83d\\ude80"}\n{"custom_id":"c","prompt":"echo:x\\u2028y\\u0085z"}\n',
    { a: 'INVALID_TEXT', b: 'Deal 🚀', c: 'x\u2028y\u0085z' },
  ],
];

const ROUTES = [
  ['in a batch', {}],
  ['row by row', { small: 'direct' }],
] as const;

tableOf(
  INPUTS.flatMap((input) => ROUTES.map((route) => [input[0], ...route, input] as const)),
  6,
).test(
  'every row of %s has its own outcome %s',
  async (_name, _how, route, [name, content, rows, options]) => {
    const world = await openWorld();

    const { results } = await world.run(content, { name, ...options, ...route });

    const told = results.map((line) => [line.custom_id, line.ok ? line.text : line.error.code]);
    expect(Object.fromEntries(told)).toEqual(rows);
  },
);

test('a table whose quotes would merge two rows is refused before anything is sent, with the reason', async () => {
  const world = await openWorld();

  const { summary } = await world.run('id\treview\na\tfine\nb\t"one\nc\ttwo"\nd\tend\n', {
    name: 'quotes.tsv',
    ...REVIEWS,
  });

  expect(summary).toMatchObject({
    status: 'failed',
    failure: { message: expect.stringContaining('quote') as string },
  });
  expect(world.simulator.requests()).toEqual([]);
});
