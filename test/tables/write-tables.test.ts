import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Edges } from '../../src/edges.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { tableKey } from '../../src/checkpoints/keys.ts';
import { csvBeside, CsvText } from '../../src/tables/csv.ts';
import { parquetBytes } from '../../src/tables/parquet.ts';
import type { Table } from '../../src/tables/table.ts';
import { writeTables } from '../../src/tables/write-tables.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const JOB = 'job-1';
const INPUT = 'input/a.csv';
const RESULTS = `output/${JOB}/results.jsonl`;

/** A job whose input is a table, with its answers written in both table formats. */
function openJob(rows: number, delimiter = ',', limits: Partial<Pick<Edges, 'clock' | 'time'>> = {}) {
  const store = createMemoryStore(65_536);
  const numbers = Array.from({ length: rows }, (_, n) => n);
  const config = { profiles: { default: { model: 'm', also: ['csv' as const, 'parquet' as const] } } };
  const job: Job = {
    jobId: JOB,
    inputs: [{ key: INPUT }],
    profile: resolveProfile(config, 'default'),
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  const logged: string[] = [];
  const edges = {
    store,
    clock: { now: () => 0 },
    random: () => 0.5,
    log: (event: string) => void logged.push(event),
    ...limits,
  };
  return {
    store,
    logged,
    fill: async () => {
      await store.put(
        INPUT,
        `nr${delimiter}review\n${numbers.map((n) => `${n}${delimiter}r${n}\n`).join('')}`,
      );
      const lines = numbers.map((n) =>
        JSON.stringify({ custom_id: `${n}`, ok: true, text: `t${n}`, round: 1 }),
      );
      await store.put(RESULTS, `${lines.join('\n')}\n`);
    },
    write: () => writeTables(edges, job, { results: RESULTS, inputs: [{ key: INPUT, delimiter }] }),
    text: async (format: 'csv' | 'parquet') => (await store.get(tableKey(JOB, format))) ?? Buffer.alloc(0),
  };
}

async function readParquet(bytes: Buffer): Promise<Record<string, unknown>[]> {
  const path = join(await openTempFolder(), 'a.parquet');
  await writeFile(path, bytes);
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

describe('the tables beside the results', () => {
  test('have every row once and in order, also those of more than one group of Parquet', async () => {
    const world = openJob(12_000);
    await world.fill();

    expect(await world.write()).toEqual([tableKey(JOB, 'csv'), tableKey(JOB, 'parquet')]);

    const csv: string[][] = parse(await world.text('csv'), { bom: true, from: 2 });
    const parquet = await readParquet(await world.text('parquet'));
    const numbers = Array.from({ length: 12_000 }, (_, n) => `${n} r${n} t${n}`);
    expect(csv.map(([nr, review, , answer]) => `${nr} ${review} ${answer}`)).toEqual(numbers);
    expect(parquet.map(({ nr, review, answer }) => [nr, review, answer].join(' '))).toEqual(numbers);
  });

  test.each([';', '\t', '|'])('have the delimiter of the input in CSV: %j', async (delimiter) => {
    const world = openJob(2, delimiter);
    await world.fill();
    await world.write();

    const [header = ''] = (await world.text('csv')).toString('utf8').split('\r\n');
    expect(header.replace('\ufeff', '').split(delimiter)).toEqual(['nr', 'review', 'ok', 'answer', 'error']);
  });

  test('do not fail a job: a deleted input is logged, and no table of an earlier end remains', async () => {
    const world = openJob(2);
    await world.fill();
    await world.write();
    await world.store.delete(INPUT);

    expect(await world.write()).toEqual([]);

    expect(world.logged).toEqual(['table_not_written']);
    expect(await world.store.stat(tableKey(JOB, 'csv'))).toBeUndefined();
    expect(await world.store.stat(tableKey(JOB, 'parquet'))).toBeUndefined();
  });
});

describe('tables that take too long', () => {
  test.each([
    ['more than eight minutes', 8 * 60_000 + 1, false],
    ['the rest of the time of the step', 0, true],
  ])('are not written, and the job goes on: %s', async (_, milliseconds, isOver) => {
    let looks = 0;
    const clock = { now: () => ((looks += 1) === 1 ? 0 : milliseconds) };
    const world = openJob(10, ',', { clock, time: { isShort: () => true, isOver: () => isOver } });
    await world.fill();

    expect(await world.write()).toEqual([]);

    expect(world.logged).toEqual(['table_not_written']);
    expect(await world.store.stat(tableKey(JOB, 'csv'))).toBeUndefined();
  });

  test('are written however short the time is, if nothing ends the call', async () => {
    const world = openJob(10, ',', { time: { isShort: () => true, isOver: () => false } });
    await world.fill();

    expect(await world.write()).toEqual([tableKey(JOB, 'csv'), tableKey(JOB, 'parquet')]);
  });
});

describe('a table of many rows', () => {
  const ROWS = 40_000;
  const BATCH = 500;

  /** Rows, with a count of how many were read. */
  function manyRows() {
    const counter = { read: 0 };
    const table: Table<number> = {
      columns: [{ name: 'text', kind: 'text', value: (n) => `row ${n}` }],
      async *rows() {
        for (let from = 0; from < ROWS; from += BATCH) {
          counter.read += BATCH;
          yield await Promise.resolve(Array.from({ length: BATCH }, (_, n) => from + n));
        }
      },
    };
    return { counter, table };
  }

  test.each([
    ['csv', BATCH, (table: Table<number>) => new CsvText(csvBeside([])).records(table)],
    ['parquet', 5_000 + BATCH, (table: Table<number>) => parquetBytes(table)],
  ] as const)('is written while it is read: %s keeps at most %i rows', async (_, held, write) => {
    const { counter, table } = manyRows();
    let before = 0;
    let most = 0;

    for await (const chunk of write(table)) {
      expect(chunk.length).toBeGreaterThan(0);
      most = Math.max(most, counter.read - before);
      before = counter.read;
    }

    expect(counter.read).toBe(ROWS);
    expect(most).toBeLessThanOrEqual(held);
  });
});
