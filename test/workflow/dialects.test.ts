import { expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { QUIRKS } from '../../simulator/quirks.ts';
import type { DialectConfig } from '../../src/provider/dialects/schema.ts';
import { builtInDialect, DIALECTS, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { openWorld, prompts, type Ended, type World } from './world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** The names of all dialects, whose quirks the simulator imitates in these tests. */

const NAMES = Object.keys(DIALECTS) as DialectName[];

/** One dialect per adapter. */
const QUICK: ReadonlySet<DialectName> = new Set(['openai', 'mistral', 'anthropic']);

const IDS = Array.from({ length: 12 }, (_, n) => `q${n}`);
const INPUT = prompts(IDS.length, (n) => `echo:answer ${n}`);

async function openDialect(name: DialectName, ...faults: Fault[]): Promise<World> {
  return openWorld({
    dialect: name,
    faults,
    config: {
      providers: { theirs: { dialect: name, baseUrl: 'http://127.0.0.1:9/v1' } },
      profiles: { default: { provider: 'theirs', model: 'm' } },
    },
  });
}

/** Checks that every row has one line in order with its own answer, every batch was created once, and every file left at the provider is reported. */
function expectAllKept(world: World, { results, summary, deadLetters, error }: Ended): void {
  expect(error).toBeUndefined();
  expect(results.map((line) => line.custom_id)).toEqual(IDS);
  const { ok, failed, exhausted, invalid } = summary.counts;
  expect(ok + failed + exhausted + invalid).toBe(IDS.length);
  expect(deadLetters).toHaveLength(IDS.length - ok);
  for (const line of results) {
    if (line.ok) expect(line.text).toBe(`answer ${line.custom_id.slice(1)}`);
  }
  expect(Math.max(...world.simulator.createsPerKey().values())).toBe(1);
  const left = world.simulator.files().filter(({ id }) => !summary.left.includes(id));
  expect(left).toEqual([]);
}

/** Dialect fields that a provider of the configuration needs in addition to the defaults. */
const NEEDED: Partial<Record<DialectName, DialectConfig>> = {
  azure: { auth: 'api-key', files: { processedFirst: true } },
  novita: { windows: ['48h'] },
  mistral: { adapter: 'mistral', statuses: { success: 'succeeded', timeout_exceeded: 'expired' } },
  together: { adapter: 'together' },
  anthropic: { adapter: 'anthropic', auth: 'x-api-key', statuses: { ended: 'succeeded' } },
};

/** If failed rows have no code, the job cannot know whether they failed permanently. */
const namesCodes = (name: DialectName): boolean =>
  name === 'anthropic' || !['message', 'type'].includes(builtInDialect(name).fields.rowError);

/** The error code of a row with a transient failure. AIBrix has one code for all failures. */
const transientCode = (name: DialectName): string =>
  name === 'aibrix' ? 'inference_failed' : 'INFERENCE_3107';

/** Whether the counters of a batch distinguish rows that were not answered from rows whose answer is late. */
const countsRows = (name: DialectName): boolean =>
  name !== 'anthropic' && typeof builtInDialect(name).counters !== 'string';

test('Anthropic rejects a create that is too large or too early, and its parts are created later', async () => {
  const world = await openDialect(
    'anthropic',
    { at: 'create', action: { kind: 'status', status: 429, code: 'rate_limit_error', retryAfter: 1 } },
    { at: 'create', action: { kind: 'status', status: 413, code: 'request_too_large' } },
  );

  const ended = await world.run(INPUT, { rounds: 1 });

  expectAllKept(world, ended);
  expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 12 } });
  const requests = world.simulator.batches().map((batch) => batch.requests);
  expect(requests.length).toBeGreaterThan(1);
  expect(requests.reduce((sum, each) => sum + each)).toBe(IDS.length);
});

test.each(['crlf', 'bom', 'no-last-newline', 'blank-lines', 'early-close', 'truncated-body'] as const)(
  'results of Anthropic that arrive with %s are all read, once',
  async (kind) => {
    const world = await openDialect('anthropic', { at: 'content', action: { kind } });

    const ended = await world.run(INPUT);

    expectAllKept(world, ended);
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 1, counts: { ok: 12 } });
    expect(ended.results.every((line) => line.ok && line.usage !== undefined)).toBe(true);
  },
);

const UNCOUNTED = NAMES.filter((name) => !countsRows(name));

tableOf(UNCOUNTED, 1).test(
  'a row that is in no file of %s, whose counters do not say that it was not answered, is reported and not paid again',
  async (name) => {
    const lost: Fault = { at: 'row', ids: ['q2'], action: { kind: 'drop' } };
    const world = await openDialect(name, lost);

    const { results, summary } = await world.run(INPUT);

    expect(summary).toMatchObject({ status: 'failed', failure: { code: 'OUTPUT_INCOMPLETE' } });
    expect(summary.open).toHaveLength(1);
    expect(results.filter((line) => line.ok)).toHaveLength(IDS.length - 1);
    expect(Math.max(...world.simulator.answersPerRow().values())).toBe(1);
  },
);

test('Anthropic gets no row with an id that it does not accept', async () => {
  const world = await openDialect('anthropic');
  const rows = ['good-1', 'bad.1', 'good-2', 'bad 2', 'good-3'].map((id) => ({ id, prompt: `echo:${id}` }));

  const { results } = await world.run(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

  expect(results.map((line) => line.ok)).toEqual([true, false, true, false, true]);
  expect(results[1]).toMatchObject({ outcome: 'invalid', error: { code: 'INVALID_CUSTOM_ID' } });
  expect(world.simulator.batches()).toMatchObject([{ requests: 3 }]);
});

const PROVIDERS = tableOf(NAMES, (name) => QUICK.has(name));

PROVIDERS.describe('with a provider that speaks %s', (name) => {
  const dialect = builtInDialect(name);

  test('rows that fail, get lost or come twice each have one result, over shards and rounds', async () => {
    const world = await openDialect(
      name,
      { at: 'row', ids: ['q1'], action: { kind: 'error', code: transientCode(name), status: 500 } },
      ...(countsRows(name) ? [{ at: 'row', ids: ['q2'], action: { kind: 'drop' } } as const] : []),
      { at: 'row', ids: ['q3'], action: { kind: 'duplicate' } },
      { at: 'row', ids: ['q4'], action: { kind: 'empty' } },
      {
        at: 'row',
        ids: ['q5'],
        action: { kind: 'error', code: 'too_long', status: 400 },
        times: 'always',
      },
    );

    const ended = await world.run(INPUT, { shardLimits: { maxRows: 5 } });

    expectAllKept(world, ended);
    expect(ended.summary).toMatchObject({ status: 'partial', shards: 3, counts: { ok: 11 } });
    expect(ended.results[5]).toMatchObject({ ok: false, outcome: namesCodes(name) ? 'failed' : 'exhausted' });
    expect(ended.results.filter(({ round }) => round === 2).map((line) => line.custom_id)).toEqual([
      'q1',
      ...(countsRows(name) ? ['q2'] : []),
      'q4',
    ]);
  });

  test('lost responses and temporary failures cause no second batch', async () => {
    const world = await openDialect(
      name,
      { at: 'upload', action: { kind: 'reset', when: 'after' } },
      { at: 'create', action: { kind: 'reset', when: 'after' } },
      { at: 'get', action: { kind: 'status', status: 429, retryAfter: 1 }, times: 2 },
      { at: 'get', action: { kind: 'html' } },
      { at: 'list', action: { kind: 'status', status: 503 } },
      { at: 'content', action: { kind: 'status', status: 502 } },
    );

    const ended = await world.run(INPUT, { shardLimits: { maxRows: 7 } });

    expectAllKept(world, ended);
    expect(ended.summary).toMatchObject({ status: 'succeeded', shards: 2, rounds: 1 });
    expect(world.simulator.batches()).toHaveLength(2);
  });

  test.each(['expired', 'cancelled', 'failed'] as const)(
    'a batch that ends as %s keeps what it had finished',
    async (as) => {
      // At a provider whose batches never expire, the job cancels the batch after its deadline.
      const never = as === 'expired' && QUIRKS[name].neverExpires;
      const world = await openDialect(name, {
        at: 'batch',
        nth: 1,
        action: never
          ? { kind: 'stuck', status: 'in_progress', finished: 0.5 }
          : { kind: 'end', as, finished: 0.5 },
      });

      const ended = await world.run(INPUT);

      expectAllKept(world, ended);
      expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
      const lost = as === 'cancelled' && QUIRKS[name].cancelledIsEmpty;
      expect(ended.results.filter(({ round }) => round === 1)).toHaveLength(lost ? 0 : 6);
    },
  );

  test('a batch that never ends is cancelled and its rows are sent again, or it is reported as open', async () => {
    const world = await openDialect(name, {
      at: 'batch',
      nth: 1,
      action: { kind: 'stuck', status: 'an unknown status', finished: 0.5 },
    });

    const ended = await world.run(INPUT);

    if (dialect.honours.cancel !== true) {
      // The batch may still cost money and may still end with its answers.
      expect(ended.summary).toMatchObject({ status: 'failed', failure: { name: 'BatchOpen' } });
      expect(ended.summary.failure?.message).toContain(world.simulator.batches()[0]?.id);
      expect(world.simulator.batches()).toHaveLength(1);
      return;
    }
    expectAllKept(world, ended);
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
    const kept = !QUIRKS[name].cancelledIsEmpty;
    expect(ended.results.filter(({ round }) => round === 1)).toHaveLength(kept ? 6 : 0);
  });

  // Batches of Anthropic cannot fail.
  test.skipIf(name === 'anthropic')(
    'a failed validation, a full queue and a file that is too long cost no round',
    async () => {
      const world = await openDialect(
        name,
        {
          at: 'batch',
          nth: 1,
          action: { kind: 'fail', code: 'token_limit_exceeded', message: 'Enqueued tokens' },
        },
        {
          at: 'batch',
          nth: 2,
          action: {
            kind: 'fail',
            code: dialect.codes.tooLarge.at(-1) ?? '',
            message: 'The file is too large.',
          },
        },
        { at: 'batch', nth: 3, action: { kind: 'invalid', lines: [2], code: 'invalid_request' } },
      );

      // If the error names no line, the job does not know which row is invalid, and sends all rows again.
      const told = !['messages', 'text'].includes(dialect.fields.errors);
      const ended = await world.run(INPUT, { rounds: told ? 1 : 2 });

      expectAllKept(world, ended);
      expect(ended.summary.counts).toMatchObject(told ? { ok: 11, failed: 1 } : { ok: 12 });
      if (told) expect(ended.results[1]).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    },
  );

  test('a create has only fields that are known to be honoured', async () => {
    const world = await openDialect(name);

    expectAllKept(world, await world.run(INPUT));

    const [batch] = world.simulator.batches();
    const key = 'test-rows-jsonl/00000/1';
    expect(batch?.metadata['key']).toBe(dialect.honours.metadata === true ? key : undefined);
    const keyed = ['header', 'body'].includes(dialect.honours.idempotencyKey);
    const { idempotencyKey } = batch ?? {};
    if (keyed) expect(idempotencyKey).toMatch(new RegExp(`^${key}/[0-9a-f]{16}$`));
    else expect(idempotencyKey).toBeUndefined();
    const headers = world.simulator.requests().filter((request) => 'idempotency-key' in request.headers);
    expect(headers).toHaveLength(dialect.honours.idempotencyKey === 'header' ? 1 : 0);
  });

  test('a generic client gets every answer, too', async () => {
    const world = await openWorld({
      dialect: name,
      faults: [{ at: 'create', action: { kind: 'reset', when: 'after' } }],
      config: {
        dialects: { least: { like: 'generic', ...NEEDED[name] } },
        providers: { theirs: { dialect: 'least', baseUrl: 'http://127.0.0.1:9/v1' } },
        profiles: { default: { provider: 'theirs', model: 'm' } },
      },
    });

    const ended = await world.run(INPUT);

    expectAllKept(world, ended);
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 1, counts: { ok: 12 } });
  });
});
