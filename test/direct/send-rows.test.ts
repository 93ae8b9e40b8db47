import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Answers, answerLine } from '../../src/direct/answers.ts';
import { MAX_CONCURRENCY } from '../../src/direct/rate-limit.ts';
import { sendRows, type DirectRow, type Sending, type Sent } from '../../src/direct/send-rows.ts';
import type { BatchProvider, DirectAnswer } from '../../src/provider/batch-provider.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { readBodyText } from '../../src/rows/request-line.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { createClock } from '../workflow/parts.ts';

const REF = { jobId: 'job', shard: 0 };
const answer = (content: string): string => JSON.stringify({ choices: [{ message: { content } }] });
const OK = { status: 200, headers: {}, body: answer('Hello.') };
const LIMITED = { status: 429, headers: {}, body: '{"error":{"code":"rate_limit_exceeded"}}' };

interface Run extends Sent {
  /** The rows of all calls, in their order. */
  readonly calls: readonly string[];
  /** Rows whose answers are safe. */
  readonly kept: ReadonlySet<string>;
  readonly mostInFlight: number;
}

/** Sends rows through an answering function on a clock that only waits move. */
async function run(
  count: number,
  answer: (id: string, nth: number) => DirectAnswer | Error,
  sending: Partial<Sending> = {},
): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-direct-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  const clock = createClock();
  const calls: string[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const send = async (_endpoint: string, id: string): Promise<DirectAnswer> => {
    calls.push(id);
    mostInFlight = Math.max(mostInFlight, (inFlight += 1));
    // Not before whatever else can go on now has gone on.
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
    const answered = answer(id, calls.filter((call) => call === id).length);
    if (answered instanceof Error) throw answered;
    return answered;
  };
  const { answers } = await Answers.open(store, REF, 1);
  const sent = await sendRows(
    {
      clock,
      random: () => 0.5,
      wait: (ms) => Promise.resolve(clock.moveTo(new Date(clock.now() + ms).toISOString())),
    },
    rows(count),
    {
      endpoint: '/v1/chat/completions',
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is asked of it
      provider: { send } as unknown as BatchProvider,
      codes: builtInDialect('openai').codes,
      answers,
      until: clock.now() + 600_000,
      isStopped: () => Promise.resolve(false),
      ...sending,
    },
  );
  return { ...sent, calls, kept: (await Answers.open(store, REF, 1)).answered, mostInFlight };
}

async function* rows(count: number): AsyncGenerator<DirectRow, undefined> {
  for (let n = 0; n < count; n += 1) yield await Promise.resolve({ customId: `q${n}`, body: `q${n}` });
  return undefined;
}

test('begins with one call, and never has more in flight than it may', async () => {
  const { answered, end, kept, mostInFlight } = await run(200, () => OK);

  expect({ answered, end, kept: kept.size }).toEqual({ answered: 200, end: 'all', kept: 200 });
  expect(mostInFlight).toBeGreaterThan(1);
  expect(mostInFlight).toBeLessThanOrEqual(MAX_CONCURRENCY);
});

test('a row that the provider never takes keeps no other waiting', async () => {
  const { answered, end, kept } = await run(40, (id) => (id === 'q0' ? LIMITED : OK));

  expect({ answered, end }).toEqual({ answered: 39, end: 'later' });
  expect(kept.has('q0')).toBe(false);
});

test('a row that fails for a passing reason is called four times, and then told', async () => {
  const failing = { status: 500, headers: {}, body: '"Internal Server Error"' };
  const { calls, kept, end } = await run(1, () => failing);

  expect(calls).toHaveLength(4);
  expect({ kept: [...kept], end }).toEqual({ kept: ['q0'], end: 'all' });
});

test('nothing is called after the time is up, nor when the job is stopped', async () => {
  const late = await run(3, () => OK, { until: 0 });
  const stopped = await run(3, () => OK, { isStopped: () => Promise.resolve(true) });

  expect({ calls: late.calls, end: late.end }).toEqual({ calls: [], end: 'later' });
  expect({ calls: stopped.calls, end: stopped.end }).toEqual({ calls: [], end: 'stopped' });
});

test('a denied account is asked no further than what was in flight', async () => {
  const denied = { status: 401, headers: {}, body: '{"error":{"code":"invalid_api_key"}}' };
  const { calls, end } = await run(30, () => denied);

  expect({ calls, end }).toEqual({ calls: ['q0'], end: 'halted' });
});

test('an error of ours ends the sending, and is told', async () => {
  await expect(run(5, (id) => (id === 'q3' ? new TypeError('Broken.') : OK))).rejects.toThrow('Broken.');
});

test('what is longer than a piece is kept in several, and nothing twice', async () => {
  const long = { ...OK, body: answer('x'.repeat(50_000)) };
  const { kept } = await run(30, () => long);

  expect(kept.size).toBe(30);
});

test('bodies and answers keep their values as they are written', () => {
  const body = '{"seed":12345678901234567890,"temperature":1.0,"messages":[{"content":"}\\"body\\":{"}]}';
  const line = `{"custom_id":"a,\\"body\\":","method":"POST","url":"/v1/chat/completions","body":${body}}`;
  expect(readBodyText(Buffer.from(line))).toBe(body);

  expect(answerLine('a', { status: 200, body: '{"score":1.0,"id":12345678901234567890}' })).toBe(
    '{"custom_id":"a","response":{"status_code":200,"body":{"score":1.0,"id":12345678901234567890}},"error":null}\n',
  );
});
