import type { Context, Hono } from 'hono';
import { jobObject } from '../../src/checkpoints/job.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { problem } from '../../src/api/problems.ts';
import { renderResults } from '../../src/report/render-results.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { BYTE_ORDER_MARK, csvBeside, CsvText } from '../../src/tables/csv.ts';
import { joinedTable, type JoinedTable } from '../../src/tables/joined-table.ts';
import type { JoinedRow } from '../../src/tables/joined-rows.ts';
import { requiredLines } from '../../src/jsonl/own-lines.ts';
import { servePage } from './serve-page.ts';

const ROWS_PER_PAGE = 100;

/** Serves a job's results beside its input, in pages and as a CSV file. */
export function addResultsPages(app: Hono, store: ObjectStore): void {
  app.get('/ui/:jobId/results', async (c) => {
    const jobId = c.req.param('jobId');
    const found = await findTable(store, jobId);
    if (found === undefined) return noResults(c, jobId);
    const from = Math.max(0, Math.floor(Number(c.req.query('from') ?? 0)) || 0);
    const address = `/ui/${encodeURIComponent(jobId)}`;
    const page = (row: number): string => `${address}/results?from=${row}`;
    return servePage(
      c,
      renderResults({
        jobId,
        columns: found.table.columns,
        rows: await rowsFrom(found.table, from),
        from,
        all: found.rows,
        job: address,
        csv: `${address}/results.csv`,
        earlier: from > 0 ? page(Math.max(0, from - ROWS_PER_PAGE)) : undefined,
        later: from + ROWS_PER_PAGE < found.rows ? page(from + ROWS_PER_PAGE) : undefined,
      }),
    );
  });
  app.get('/ui/:jobId/results.csv', async (c) => {
    const jobId = c.req.param('jobId');
    const found = await findTable(store, jobId);
    if (found === undefined) return noResults(c, jobId);
    return c.body(ReadableStream.from(csvBytes(found)), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="answers.csv"',
      'x-content-type-options': 'nosniff',
    });
  });
}

function noResults(c: Context, jobId: string): Response {
  return problem(c, 'no-such-job', { detail: `Job ${jobId} has no results.` });
}

interface FoundTable extends Pick<Summary, 'rows' | 'inputs'> {
  readonly table: JoinedTable;
}

async function findTable(store: ObjectStore, jobId: string): Promise<FoundTable | undefined> {
  const [job, summary] = await Promise.all([jobObject.read(store, jobId), summaryObject.read(store, jobId)]);
  const key = summary?.results;
  if (job === undefined || summary === undefined || key === undefined) return undefined;
  const { rows, inputs } = summary;
  return { table: await joinedTable(store, job, () => bytesOf(store, key)), rows, inputs };
}

async function* bytesOf(store: ObjectStore, key: string): AsyncGenerator<Uint8Array> {
  for await (const lines of requiredLines(store, key)) yield* lines;
}

async function rowsFrom({ rows }: JoinedTable, from: number): Promise<JoinedRow[]> {
  const taken: JoinedRow[] = [];
  let at = 0;
  for await (const batch of rows()) {
    taken.push(...batch.slice(Math.max(0, from - at), Math.max(0, from + ROWS_PER_PAGE - at)));
    at += batch.length;
    if (at >= from + ROWS_PER_PAGE) break;
  }
  return taken;
}

async function* csvBytes({ table, inputs }: FoundTable): AsyncGenerator<Uint8Array> {
  yield Buffer.from(BYTE_ORDER_MARK);
  for await (const text of new CsvText(csvBeside(inputs)).records(table)) yield Buffer.from(text);
}
