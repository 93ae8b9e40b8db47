import { expect, test } from 'vitest';
import { tableOf } from '../support/exhaustive.ts';
import { startScriptedProvider } from './scripted-provider.ts';
import { openWorld } from './world.ts';

const spread = (value: unknown): string => JSON.stringify(value, null, 2);
const parse = (line: string): unknown => JSON.parse(line);

const FRAMES: readonly (readonly [string, (lines: readonly string[]) => string])[] = [
  ['a list on one line', (lines) => `[${lines.join(',')}]`],
  ['objects on many lines', (lines) => lines.map((line) => spread(parse(line))).join('\n')],
  ['a list of lines between brackets and NUL bytes', (lines) => `[\n${lines.join(',\n')}\n]\n\0\0\0`],
  ['objects without line ends between them', (lines) => lines.join('')],
  ['lines that end with carriage returns', (lines) => lines.join('\r')],
  ['a list on many lines', (lines) => spread(lines.map(parse))],
];

const IDS = Array.from({ length: 40 }, (_, n) => `row ${n}`);
const ROWS = IDS.map((id) => JSON.stringify({ custom_id: id, body: { messages: [], user: id } })).join('\n');
const answer = (id: string): string =>
  `{"model":"m","choices":[{"index":0,"message":{"content":"to ${id}: {\\"a\\":[1]}"},"finish_reason":"stop"}]}`;

tableOf(FRAMES, 4).test('answers that come as %s are used, and paid for once', async (_how, frame) => {
  const script = Object.fromEntries(IDS.map((id) => [id, { body: answer(id) }]));
  const { url, asked } = await startScriptedProvider(script, { frame });
  const world = await openWorld({ providerUrl: url });

  const { summary, results } = await world.run(ROWS, { provider: 'openai-simulator', model: 'm' });

  expect(summary).toMatchObject({
    status: 'succeeded',
    rounds: 1,
    unexplained: { missing: 0, unknown: 0, unreadable: 0 },
  });
  expect(results.map((line) => [line.custom_id, line.ok && line.text])).toEqual(
    IDS.map((id) => [id, `to ${id}: {"a":[1]}`]),
  );
  expect([...asked.values()]).toEqual(IDS.map(() => 1));
});

test('of objects on many lines, one that is cut off costs its row one more answer, and the others none', async () => {
  const script = Object.fromEntries(IDS.map((id) => [id, { body: answer(id) }]));
  let files = 0;
  const { url, asked } = await startScriptedProvider(script, {
    frame: (lines) => {
      files += 1;
      const [first = '', ...others] = lines.map((line) => spread(parse(line)));
      return [files > 1 ? first : first.slice(0, -60), ...others].join('\n');
    },
  });
  const world = await openWorld({ providerUrl: url });

  const { summary } = await world.run(ROWS, { provider: 'openai-simulator', model: 'm' });

  expect(summary).toMatchObject({ status: 'succeeded', unexplained: { unreadable: 1, paidTwice: 1 } });
  expect([...asked.values()]).toEqual(IDS.map((_, n) => (n === 0 ? 2 : 1)));
});
