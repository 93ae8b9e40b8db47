import { describe, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';
import { roundKey } from '../../src/checkpoints/keys.ts';
import { Answers, answerLine, joinAnswers } from '../../src/direct/answers.ts';
import { MAX_CONCURRENCY } from '../../src/direct/rate-limit.ts';
import type { DirectRow } from '../../src/direct/held-rows.ts';
import { sendRows, type Sending, type Sent } from '../../src/direct/send-rows.ts';
import type { BatchProvider, DirectAnswer } from '../../src/provider/batch-provider.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { readBodyText } from '../../src/rows/request-line.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock } from '../support/clock.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

const REF = { jobId: 'job', shard: 0 };
const answer = (content: string): string => JSON.stringify({ choices: [{ message: { content } }] });
const OK = { status: 200, headers: {}, body: answer('Hello.') };
const LIMITED = { status: 429, headers: {}, body: '{"error":{"code":"rate_limit_exceeded"}}' };

const BROKEN = { status: 500, headers: {}, body: '{"error":{"message":"Internal error."}}' };

interface Run extends Sent {
  /** Time on the clock that passed in waits, in milliseconds. */
  readonly tookMs: number;
  /** The same, until the last answer came. */
  readonly takenAfterMs: number;
  /** Ids of the rows of all calls, in the order of the calls. */
  readonly calls: readonly string[];
  /** Ids of the rows whose answers are stored. */
  readonly kept: ReadonlySet<string>;
  /** The stored answers. */
  readonly lines: readonly { readonly custom_id: string; readonly response: unknown }[];
  readonly mostInFlight: number;
}

/** Sends rows to a function that answers them. Only waits move the clock. */
async function run(
  count: number,
  answer: (id: string, nth: number) => DirectAnswer | Error,
  sending: Partial<Sending> = {},
  signal?: AbortSignal,
): Promise<Run> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  const clock = createClock();
  const startedAt = clock.now();
  let takenAfterMs = 0;
  const calls: string[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const send = async (_endpoint: string, id: string): Promise<DirectAnswer> => {
    calls.push(id);
    mostInFlight = Math.max(mostInFlight, (inFlight += 1));
    // Everything else that can run now runs first.
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
    const answered = answer(id, calls.filter((call) => call === id).length);
    if (answered instanceof Error) throw answered;
    if (answered.status === 200) takenAfterMs = clock.now() - startedAt;
    return answered;
  };
  const { answers } = await Answers.open(store, REF, 1);
  const sent = await sendRows(
    {
      clock,
      signal,
      random: () => 0.5,
      wait: (ms) => Promise.resolve(clock.moveTo(new Date(clock.now() + ms).toISOString())),
    },
    rows(count),
    {
      endpoint: '/v1/chat/completions',
      // The code under test uses only this method.
      provider: { send } as unknown as BatchProvider,
      codes: builtInDialect('openai').codes,
      answers,
      hasAnswers: false,
      until: clock.now() + 600_000,
      isStopped: () => Promise.resolve(false),
      ...sending,
    },
  );
  const tookMs = clock.now() - startedAt;
  return {
    ...sent,
    tookMs,
    takenAfterMs,
    calls,
    kept: (await Answers.open(store, REF, 1)).answered,
    lines: await linesOf(store),
    mostInFlight,
  };
}

async function linesOf(store: ObjectStore): Promise<Run['lines']> {
  const isJoined = await joinAnswers(store, REF, 1);
  const text = isJoined ? await readFile(store.locate(roundKey(REF, 1, 'output.jsonl')), 'utf8') : '';
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Run['lines'][number]]));
}

async function* rows(count: number): AsyncGenerator<DirectRow, undefined> {
  for (let n = 0; n < count; n += 1) yield await Promise.resolve({ customId: `q${n}`, body: `q${n}` });
  return undefined;
}

test('sending begins with one call and never exceeds its concurrency', async () => {
  const { answered, end, kept, mostInFlight } = await run(200, () => OK);

  expect({ answered, end, kept: kept.size }).toEqual({ answered: 200, end: 'all', kept: 200 });
  expect(mostInFlight).toBeGreaterThan(1);
  expect(mostInFlight).toBeLessThanOrEqual(MAX_CONCURRENCY);
});

test('a row that the provider never accepts does not delay others', async () => {
  const { answered, end, kept } = await run(40, (id) => (id === 'q0' ? LIMITED : OK));

  expect({ answered, end }).toEqual({ answered: 39, end: 'later' });
  expect(kept.has('q0')).toBe(false);
});

/** Rows that fail at each call: every third, the first twenty, or the last twenty of 32. */
const FAILING: readonly (readonly [string, (n: number) => boolean])[] = [
  ['one in three', (n) => n % 3 === 0],
  ['the first 20 of 32', (n) => n < 20],
  ['20 of 32, here and there', (n) => (n * 13) % 32 < 20],
];
const REFUSALS: readonly (readonly [string, DirectAnswer])[] = [
  ['500', BROKEN],
  ['429', LIMITED],
  ['429 with Retry-After', { ...LIMITED, headers: { 'retry-after': '5' } }],
];

describe('rows that keep failing do not slow down the others', () => {
  test.each(
    FAILING.flatMap(([which, fails]) =>
      REFUSALS.map(([how, refusal]) => ({ which, how, fails, refusal })),
    ).filter(({ which, how }) => which !== 'the first 20 of 32' || how !== '429'),
  )('$which answer $how', async ({ fails, refusal }) => {
    const { kept, takenAfterMs } = await run(32, (id) => (fails(Number(id.slice(1))) ? refusal : OK));

    const good = Array.from({ length: 32 }, (_, n) => n).filter((n) => !fails(n));
    expect(good.every((n) => kept.has(`q${n}`))).toBe(true);
    expect(takenAfterMs).toBeLessThan(120_000);
  });

  test('thirty failing rows of a thousand hardly delay the others', EXHAUSTIVE, async () => {
    const { answered, end, takenAfterMs } = await run(1_000, (id) => {
      const n = Number(id.slice(1));
      return n >= 100 && n < 130 ? BROKEN : OK;
    });

    expect({ answered, end }).toEqual({ answered: 1_000, end: 'all' });
    expect(takenAfterMs).toBeLessThan(240_000);
  });

  test(
    'rows beyond the number that can be held are left to the next pass, and all others are sent',
    EXHAUSTIVE,
    async () => {
      const { answered, end } = await run(1_000, (id) => (Number(id.slice(1)) % 3 === 0 ? LIMITED : OK));

      expect({ answered, end }).toEqual({ answered: 666, end: 'later' });
    },
  );
});

const DAY_MS = 86_400_000;
const asking = (wait: string): DirectAnswer => ({ ...LIMITED, headers: { 'retry-after': wait } });

/** Values of Retry-After that are unusable or longer than a row may wait. */
const RETRY_AFTERS = [
  '86400',
  '901',
  '1e9',
  'Fri, 31 Dec 2199 23:59:59 GMT',
  '0',
  '-5',
  'Wed, 01 Jan 1975 00:00:00 GMT',
  '5, 5',
  'soon',
  '',
];

describe.each(RETRY_AFTERS)('a row that is always answered 429 with Retry-After "%s"', (wait) => {
  test('does not delay others and is called a limited number of times', async () => {
    for (const bad of ['q0', 'q11']) {
      const { calls, kept, takenAfterMs, waitMs } = await run(12, (id) => (id === bad ? asking(wait) : OK));

      expect([...kept].filter((id) => id !== bad)).toHaveLength(11);
      expect(takenAfterMs).toBeLessThan(10_000);
      expect(calls.filter((id) => id === bad).length).toBeLessThan(10);
      expect(waitMs).toBeLessThanOrEqual(60_000);
    }
  });

  test('is called a limited number of times if it is alone', async () => {
    const { calls, waitMs } = await run(1, () => asking(wait));

    expect(calls.length).toBeLessThan(10);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });
});

test.each(['86400', '901', 'Fri, 31 Dec 2199 23:59:59 GMT'])(
  'a row that must wait longer than the limit for one row ends with the reason (%s)',
  async (wait) => {
    const { end, kept, lines } = await run(12, (id) => (id === 'q0' ? asking(wait) : OK));

    expect({ end, kept: kept.size }).toEqual({ end: 'all', kept: 12 });
    expect(lines.find(({ custom_id }) => custom_id === 'q0')).toMatchObject({
      response: {
        status_code: 429,
        body: {
          error: {
            code: 'rate_limit_exceeded',
            message: expect.stringMatching(
              /asks to wait another .+ \(Retry-After\).+retry the job/,
            ) as string,
          },
        },
      },
    });
  },
);

test('a reset time in milliseconds since 1970 causes a wait of seconds, not of years', async () => {
  const reset = String(createClock().now() + 5_000);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, 'retry-after': reset };
  let isFirst = true;

  const { end, kept } = await run(12, () => {
    const answer = isFirst ? { ...asking('1'), headers } : OK;
    isFirst = false;
    return answer;
  });

  expect({ end, kept: kept.size }).toEqual({ end: 'all', kept: 12 });
});

test('a pass in which the provider asks every row to wait for a day ends after a few rows', async () => {
  const { calls, end, waitMs } = await run(1_000, () => asking('86400'));

  expect(end).toBe('later');
  expect(waitMs).toBeGreaterThan(DAY_MS / 2);
  expect(calls.length).toBeLessThan(10);
});

test('a limit of the provider slows all rows down, so few calls are rejected', async () => {
  // The provider accepts ten calls, then none for a minute.
  let now = 0;
  let budget = 10;
  let refused = 0;
  const limited = { ...LIMITED, headers: { 'retry-after': '60' } };
  const { end, waitMs } = await run(200, () => {
    if (budget > 0) {
      budget -= 1;
      now += 1;
      return OK;
    }
    refused += 1;
    return limited;
  });

  expect({ end, taken: now }).toEqual({ end: 'later', taken: 10 });
  expect(waitMs).toBe(60_000);
  expect(refused).toBeLessThanOrEqual(8 + MAX_CONCURRENCY);
});

test('a provider that is down is called less and less often', async () => {
  const { calls, tookMs } = await run(5_000, () => BROKEN);

  expect(tookMs).toBeGreaterThanOrEqual(500_000);
  expect(calls.length).toBeLessThan(100);
});

test('a row with a temporary failure is sent four times, then its error is reported', async () => {
  const failing = { status: 500, headers: {}, body: '"Internal Server Error"' };
  const { calls, kept, end } = await run(1, () => failing);

  expect(calls).toHaveLength(4);
  expect({ kept: [...kept], end }).toEqual({ kept: ['q0'], end: 'all' });
});

test('no call is made after the time is over or the job is stopped', async () => {
  const late = await run(3, () => OK, { until: 0 });
  const stopped = await run(3, () => OK, { isStopped: () => Promise.resolve(true) });

  expect({ calls: late.calls, end: late.end }).toEqual({ calls: [], end: 'later' });
  expect({ calls: stopped.calls, end: stopped.end }).toEqual({ calls: [], end: 'stopped' });
});

test('a host that stops starts no further call, and leaves the rows to the next pass', async () => {
  const host = new AbortController();
  const { calls, end } = await run(
    30,
    () => {
      host.abort();
      return OK;
    },
    {},
    host.signal,
  );

  expect({ calls, end }).toEqual({ calls: ['q0'], end: 'later' });
});

test('after a denied account no call is made beyond those in flight', async () => {
  const denied = { status: 401, headers: {}, body: '{"error":{"code":"invalid_api_key"}}' };
  const { calls, end } = await run(30, () => denied);

  expect({ calls, end }).toEqual({ calls: ['q0'], end: 'halted' });
});

describe('rows that are denied by a status alone (403)', () => {
  const DENIED = { status: 403, headers: {}, body: '{"error":{"message":"Forbidden"}}' };
  const isDenied =
    (denied: (n: number) => boolean) =>
    (id: string): DirectAnswer =>
      denied(Number(id.slice(1))) ? DENIED : OK;

  test.each([
    ['the first', isDenied((n) => n === 0)],
    ['one in the middle', isDenied((n) => n === 15)],
    ['the last', isDenied((n) => n === 29)],
    ['every second', isDenied((n) => n % 2 === 0)],
    ['the first five', isDenied((n) => n < 5)],
  ])('do not stop the others: %s', async (_which, answered) => {
    const { kept, end, denied } = await run(30, answered);

    expect({ kept: kept.size, end, denied }).toEqual({ kept: 30, end: 'all', denied: undefined });
  });

  test('concern the account if every row is denied, and are sent again later', async () => {
    const { calls, kept, end, denied } = await run(30, () => DENIED);

    expect({ kept: kept.size, end }).toEqual({ kept: 0, end: 'halted' });
    expect(denied).toMatchObject({ name: 'ProviderDenied', message: 'Forbidden' });
    expect(calls.length).toBeLessThanOrEqual(30);
    expect((await run(2, () => DENIED)).end).toBe('halted');
  });

  test('concern the account if it is denied during the pass, and no row fails', async () => {
    const { kept, end } = await run(
      60,
      isDenied((n) => n >= 20),
    );

    expect({ kept: kept.size, end }).toEqual({ kept: 20, end: 'halted' });
  });

  test('fail alone, in any number, if the reason is their content', async () => {
    const moderated = { status: 403, headers: {}, body: '{"error":{"message":"flagged by moderation"}}' };
    const { kept, end } = await run(30, () => moderated);

    expect({ kept: kept.size, end }).toEqual({ kept: 30, end: 'all' });
  });
});

test('an error in our code ends the sending and is reported', async () => {
  await expect(run(5, (id) => (id === 'q3' ? new TypeError('Broken.') : OK))).rejects.toThrow('Broken.');
});

test('results longer than one piece are kept in several pieces, each once', async () => {
  const long = { ...OK, body: answer('x'.repeat(50_000)) };
  const { kept } = await run(30, () => long);

  expect(kept.size).toBe(30);
});

test('bodies and answers keep the digits of their values', () => {
  const body = '{"seed":12345678901234567890,"temperature":1.0,"messages":[{"content":"}\\"body\\":{"}]}';
  const line = `{"custom_id":"a,\\"body\\":","method":"POST","url":"/v1/chat/completions","body":${body}}`;
  expect(readBodyText(Buffer.from(line))).toBe(body);

  expect(answerLine('a', { status: 200, body: '{"score":1.0,"id":12345678901234567890}' })).toBe(
    '{"custom_id":"a","response":{"status_code":200,"body":{"score":1.0,"id":12345678901234567890}},"error":null}\n',
  );
});
