import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidRequest, StoreUnavailable } from '../../src/errors.ts';
import { InputFilter } from '../../src/requests/input-files.ts';
import { MAX_INPUTS } from '../../src/requests/request-limits.ts';
import { resolveInputs } from '../../src/requests/resolve-inputs.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { keysBelow, openStore, putAll, withVersions } from './store.ts';
import { trials } from '../support/exhaustive.ts';

const JOB = 'a-0123456789abcdef';

async function refusalOf(resolving: Promise<unknown>): Promise<string> {
  const error: unknown = await resolving.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidRequest);
  return error instanceof Error ? error.message : '';
}

/** A store whose list has these keys, without files, because a test would write them too slowly. */
function listing(store: ObjectStore, keys: readonly string[]): ObjectStore {
  return {
    ...store,
    stat: () => Promise.resolve({ bytes: 1, mark: '1', writtenAt: 0 }),
    async *list() {
      yield* keys.map((key) => ({ key, bytes: 1, mark: '1', writtenAt: 0 }));
    },
  };
}

const keysOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `staged/${String(n).padStart(5, '0')}.csv`);

describe('inputs by their keys', () => {
  test('keep the order of the request', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/b.csv', 'input/c.csv']);

    const inputs = await resolveInputs(store, JOB, {
      inputs: ['staged/b.csv', 'input/c.csv', 'staged/a.csv'],
    });

    expect(inputs).toMatchObject([{ key: 'staged/b.csv' }, { key: 'input/c.csv' }, { key: 'staged/a.csv' }]);
  });

  test('are pinned to their current versions', async () => {
    const files = await openStore();
    await putAll(files, ['staged/a.csv', 'staged/b.csv']);
    const store = withVersions(files, { 'staged/a.csv': 'v7', 'staged/b.csv': 'v1' });

    const inputs = await resolveInputs(store, JOB, { inputs: ['staged/a.csv', 'staged/b.csv'] });

    expect(inputs).toMatchObject([
      { key: 'staged/a.csv', version: 'v7' },
      { key: 'staged/b.csv', version: 'v1' },
    ]);
  });

  test('have no version if the store has none', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);

    const [input] = await resolveInputs(store, JOB, { inputs: ['staged/a.csv'] });

    expect(input).not.toHaveProperty('version');
  });

  test('may be files that a prefix would skip', async () => {
    const store = await openStore();
    await putAll(store, ['staged/.hidden', 'staged/x.job.json']);
    const inputs = ['staged/.hidden', 'staged/x.job.json'];

    expect(await resolveInputs(store, JOB, { inputs })).toMatchObject(inputs.map((key) => ({ key })));
  });

  test('that are missing are reported with their paths', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);

    expect(await refusalOf(resolveInputs(store, JOB, { inputs: ['staged/b.csv', 'staged/a.csv'] }))).toBe(
      `There is no input file ${store.locate('staged/b.csv')}.`,
    );
  });

  test('that are missing are all named up to five', async () => {
    const store = await openStore();
    const inputs = keysOf(5);

    expect(await refusalOf(resolveInputs(store, JOB, { inputs }))).toBe(
      `There is no input file ${inputs.map((key) => store.locate(key)).join(', ')}.`,
    );
  });

  test('that are missing are counted from the sixth on', async () => {
    const store = await openStore();
    const inputs = keysOf(48);
    await putAll(store, ['staged/00003.csv']);

    const first = [0, 1, 2, 4, 5].map((n) => store.locate(`staged/0000${n}.csv`));
    expect(await refusalOf(resolveInputs(store, JOB, { inputs }))).toBe(
      `There is no input file ${first.join(', ')} and 42 more.`,
    );
  });

  test('that are folders are refused', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a/b.csv']);

    expect(await refusalOf(resolveInputs(store, JOB, { inputs: ['staged/a.csv'] }))).toContain(
      'no input file',
    );
  });

  test.each(['staged/', 'staged//a.csv', 'staged/../input/a', 'staged/a\0.csv'])(
    'that no file can have as its key are refused: %j',
    async (key) => {
      const store = await openStore();
      await putAll(store, ['input/a.csv']);

      expect(await refusalOf(resolveInputs(store, JOB, { inputs: [key] }))).toContain(JSON.stringify(key));
    },
  );

  test('are not reported as missing if the store does not answer', async () => {
    const store = {
      ...(await openStore()),
      stat: () => Promise.reject(new StoreUnavailable('The store does not answer.')),
    };

    await expect(resolveInputs(store, JOB, { inputs: ['staged/a.csv'] })).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
  });
});

describe('inputs by a prefix', () => {
  test('come in key order, written in any order', async () => {
    const store = await openStore();
    await putAll(store, [
      'staged/b.csv',
      'staged/a0.csv',
      'staged/a/z.csv',
      'staged/a-b.csv',
      'staged/Ü.csv',
      'staged/Z.csv',
    ]);

    const inputs = await resolveInputs(store, JOB, { prefix: 'staged/' });

    expect(inputs.map(({ key }) => key)).toEqual([
      'staged/Z.csv',
      'staged/a-b.csv',
      'staged/a/z.csv',
      'staged/a0.csv',
      'staged/b.csv',
      'staged/Ü.csv',
    ]);
  });

  test('are those whose key starts with the prefix, also within a name', async () => {
    const store = await openStore();
    await putAll(store, [
      'staged/may-1.csv',
      'staged/may-2.csv',
      'staged/may/3.csv',
      'staged/june.csv',
      'input/may-1.csv',
    ]);

    const inputs = await resolveInputs(store, JOB, { prefix: 'staged/may-' });

    expect(inputs).toMatchObject([{ key: 'staged/may-1.csv' }, { key: 'staged/may-2.csv' }]);
  });

  test('are pinned to their current versions', async () => {
    const files = await openStore();
    await putAll(files, ['staged/a.csv', 'staged/b.csv']);
    const store = withVersions(files, { 'staged/a.csv': 'v1', 'staged/b.csv': 'v2' });

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toMatchObject([
      { key: 'staged/a.csv', version: 'v1' },
      { key: 'staged/b.csv', version: 'v2' },
    ]);
  });

  test.each([
    'staged/.hidden.csv',
    'staged/_temporary.csv',
    'staged/_SUCCESS',
    'staged/x/.gitkeep',
    'staged/x.job.json',
    'staged/.job.json',
    'staged/notes.pdf',
    'staged/half.csv.part',
    'staged/noext',
  ])('do not include %s', async (key) => {
    const store = await openStore();
    await putAll(store, [key, 'staged/a.csv']);

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toMatchObject([{ key: 'staged/a.csv' }]);
  });

  test('do not include files that are skipped as unreadable', async () => {
    const store = await openStore();
    await putAll(store, [
      'staged/a.csv',
      'staged/b.jsonl.gz',
      'staged/notes.pdf',
      'staged/_SUCCESS',
      'staged/x.job.json',
    ]);
    await store.put('staged/empty.csv', '');
    const filter = new InputFilter();

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' }, filter)).toMatchObject([
      { key: 'staged/a.csv' },
      { key: 'staged/b.jsonl.gz' },
    ]);
    expect(filter.skipped).toEqual({ count: 2, keys: ['staged/empty.csv', 'staged/notes.pdf'] });
    expect(await refusalOf(resolveInputs(store, JOB, { prefix: 'staged/n' }))).toBe(
      'There is no input file below "staged/n". Skipped, because they are empty or of unknown format: notes.pdf.',
    );
  });

  test('do not include empty files, as folder markers are', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);
    await store.put('staged/empty.csv', '');

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toMatchObject([{ key: 'staged/a.csv' }]);
  });

  test('include files whose folder is hidden, or whose name only looks like a job file', async () => {
    const store = await openStore();
    const keys = ['staged/.folder/a.csv', 'staged/a.job.jsonl', 'staged/job.json'];
    await putAll(store, keys);

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toMatchObject(
      keys.map((key) => ({ key })),
    );
  });

  test.each(['staged/', 'staged/no.csv', 'staged//', 'staged/../input/'])(
    'are refused where there are none: %s',
    async (prefix) => {
      const store = await openStore();
      await putAll(store, ['staged/.hidden', 'input/a.csv']);

      expect(await refusalOf(resolveInputs(store, JOB, { prefix }))).toBe(
        `There is no input file below "${prefix}".`,
      );
    },
  );

  test('may be as many as a job may have', async () => {
    const keys = keysOf(MAX_INPUTS);
    const store = listing(await openStore(), keys);

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toMatchObject(
      keys.map((key) => ({ key })),
    );
  });

  test('that are more than a job may have are refused', async () => {
    const store = listing(await openStore(), keysOf(MAX_INPUTS + 1));

    expect(await refusalOf(resolveInputs(store, JOB, { prefix: 'staged/x' }))).toBe(
      'There are more than 1000 input files below "staged/x": choose a longer prefix.',
    );
  });

  test('are counted without those that are skipped', async () => {
    const hidden = Array.from({ length: 500 }, (_, n) => `staged/.${n}`);
    const store = listing(await openStore(), [...hidden, ...keysOf(MAX_INPUTS)]);

    expect(await resolveInputs(store, JOB, { prefix: 'staged/' })).toHaveLength(MAX_INPUTS);
  });
});

describe('rows that came with the request', () => {
  test('become an input file of the job, not below input/', async () => {
    const store = await openStore();

    const [input] = await resolveInputs(store, JOB, { rows: [{ prompt: 'Hello' }] });

    expect(input?.key).toMatch(/^jobs\/a-0123456789abcdef\/rows-[0-9a-f]{16}\.jsonl$/);
    expect(await keysBelow(store, '')).toEqual([input?.key]);
  });

  test('are exactly the rows as JSONL', async () => {
    const store = await openStore();
    const [input] = await resolveInputs(store, JOB, {
      rows: [{ b: 1, a: 'ü\u2028\n' }, 'text', null, [1.5]],
    });

    expect((await store.get(input?.key ?? ''))?.toString()).toBe(
      '{"b":1,"a":"ü\u2028\\n"}\n"text"\nnull\n[1.5]\n',
    );
  });

  trials(12, 50).test('of any content are one line each and read back unchanged', async (numRuns) => {
    const store = await openStore();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (rows) => {
        const [input] = await resolveInputs(store, JOB, { rows });

        const lines = (await store.get(input?.key ?? ''))?.toString('utf8').split('\n') ?? [];
        expect(lines.pop()).toBe('');
        expect(lines).toEqual(rows.map((row) => JSON.stringify(row)));
      }),
      { numRuns },
    );
  });

  test('are the same file if the request is repeated', async () => {
    const store = await openStore();
    const once = await resolveInputs(store, JOB, { rows: [1, 2] });

    expect(await resolveInputs(store, JOB, { rows: [1, 2] })).toMatchObject(once);
    expect((await store.get(once[0]?.key ?? ''))?.toString()).toBe('1\n2\n');
  });

  test('are not changed by another request for the same job', async () => {
    const store = await openStore();
    const [input] = await resolveInputs(store, JOB, { rows: [1, 2] });
    await resolveInputs(store, JOB, { rows: [3] });

    expect((await store.get(input?.key ?? ''))?.toString()).toBe('1\n2\n');
  });

  test('are refused if they are larger as a file than a request may be', async () => {
    const store = await openStore();
    // Each number has 5 bytes in the request and 22 in the file.
    const rows = Array.from({ length: 250_000 }, () => 1e20);

    expect(await refusalOf(resolveInputs(store, JOB, { rows }))).toBe(
      'The request has 5500000 bytes; a job request has at most 5000000. Put its rows into a file.',
    );
    expect(await keysBelow(store, '')).toEqual([]);
  });
});
