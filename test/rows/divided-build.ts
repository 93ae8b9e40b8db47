import { parquetWriteBuffer } from 'hyparquet-writer';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { buildPrefix, shardsPrefix } from '../../src/checkpoints/keys.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import { createRequests } from '../../src/steps/create-requests.ts';
import type { StepTime } from '../../src/pace.ts';
import { buildOn, buildShards, isPlan, type BuildParts } from '../../src/rows/build-shards.ts';
import { buildStateObject, forgetBuildState } from '../../src/rows/build-state.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { profileOf } from './build.ts';
import { workbookOf } from './zip-of.ts';

/** Time that is short at every nth look. */
export function shortEvery(nth: number): StepTime {
  let looks = 0;
  return { isShort: () => (looks += 1) % nth === 0, isOver: () => false };
}

export interface InputFile {
  readonly name: string;
  readonly content: Buffer;
}

/** The fields of the job, except its inputs. */
export interface Shape extends Partial<Job> {
  readonly beside?: Beside;
  /** Size of the chunks in which inputs are read. Calls read whole chunks. */
  readonly chunkBytes?: number;
}

export interface Outcome {
  readonly plan: Plan | string;
  readonly calls: number;
  /** All files of the job's shards, by key. */
  readonly files: Readonly<Record<string, string>>;
}

/** Other objects in the bucket: results of another job. */
export type Beside = readonly (readonly [key: string, content: Buffer])[];

export function openJob(
  inputs: readonly InputFile[],
  { beside = [], chunkBytes = 509, ...shape }: Shape = {},
) {
  const objects = new Map([
    ...inputs.map(({ name, content }) => [`input/${name}`, content] as const),
    ...beside,
  ]);
  const job: Job = {
    jobId: 'job-1',
    inputs: inputs.map(({ name }) => ({ key: `input/${name}` })),
    createdAt: '2026-11-01T00:00:00.000Z',
    profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 } }),
    ...shape,
  };
  const filesOf = (): Record<string, string> =>
    Object.fromEntries(
      [...objects.entries()]
        .filter(([key]) => key.startsWith(shardsPrefix('job-1')))
        .map(([key, bytes]) => [key, bytes.toString('latin1')]),
    );
  return { job, store: createMemoryStore(chunkBytes, objects), filesOf };
}

/** The message of an error, in place of a plan. */
export const asText = (error: unknown): string => (error as Error).message;

export async function inOnePass(inputs: readonly InputFile[], shape?: Shape): Promise<Outcome> {
  const { job, store, filesOf } = openJob(inputs, shape);
  const plan = await buildShards(store, job, { createRequests }).catch(asText);
  return { plan, calls: 1, files: filesOf() };
}

export async function inCalls(
  inputs: readonly InputFile[],
  time: StepTime,
  {
    shape,
    ...parts
  }: Pick<BuildParts, 'createIds' | 'createHash' | 'bounds'> & { readonly shape?: Shape } = {},
): Promise<Outcome> {
  const { job, store, filesOf } = openJob(inputs, shape);
  for (let calls = 1; calls < 2_000; calls += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    const plan = await buildOn(store, job, { createRequests, ...parts, time, from }).catch(asText);
    if (typeof plan === 'string' || isPlan(plan)) {
      await forgetBuildState(store, 'job-1');
      expect(await Array.fromAsync(store.list(buildPrefix('job-1')))).toEqual([]);
      return { plan, calls, files: filesOf() };
    }
  }
  throw new Error('The build does not end.');
}

const prompt = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('plain', 'two\nlines', 'a "quoted" word', ',', '', 'ä€😀', '   ', 'long '.repeat(60)),
);
/** Rows with few different ids, so that many ids are repeated in the same or another call, and rows without an id. */
export const row = fc.record({ id: fc.option(fc.nat(12).map((n) => `q${n}`)), prompt });
export type Made = { readonly id: string | null; readonly prompt: string };

/** A reader takes these rows as one batch, because it looks at their bytes to recognise the format. Calls can stop only after them. */
export const START: readonly Made[] = Array.from({ length: 12 }, (_, n) => ({
  id: n % 2 === 0 ? `start-${n}` : null,
  prompt: 'x'.repeat(6_000),
}));

const asObject = ({ id, prompt: text }: Made): object => ({
  ...(id !== null && { custom_id: id }),
  prompt: text,
});
const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const asLine = ({ prompt: text }: Made): string => text.replaceAll(/[\r\n\0]/g, ' ');

export interface Writing {
  readonly lineEnd: string;
  readonly bom: boolean;
}

/** Writes the content of a file, by its format. */
export const FORMATS: Readonly<Record<string, (rows: readonly Made[], writing: Writing) => Buffer>> = {
  '.jsonl': (rows, { lineEnd, bom }) =>
    text(
      rows.map((each) => (each.prompt === ',' ? '{"broken' : JSON.stringify(asObject(each)))),
      lineEnd,
      bom,
    ),
  '.json': (rows) => Buffer.from(JSON.stringify(rows.map(asObject), undefined, 1)),
  '.txt': (rows, { lineEnd, bom }) => text(rows.map(asLine), lineEnd, bom),
  '.csv': (rows, { lineEnd, bom }) =>
    text(['custom_id,prompt', ...rows.map((each) => `${each.id ?? ''},${quote(each.prompt)}`)], lineEnd, bom),
  '.tsv': (rows, { lineEnd, bom }) =>
    text(
      ['custom_id\tprompt', ...rows.map((each) => `${each.id ?? ''}\t${asLine(each).replaceAll('\t', ' ')}`)],
      lineEnd,
      bom,
    ),
  '.xlsx': workbook,
  '.parquet': parquet,
};

function text(lines: readonly string[], lineEnd: string, bom: boolean): Buffer {
  return Buffer.from(`${bom ? '\uFEFF' : ''}${lines.map((line) => `${line}${lineEnd}`).join('')}`);
}

const escapeXml = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** A workbook with one sheet. Its XML cannot contain control characters. */
function workbook(rows: readonly Made[]): Buffer {
  const cell = (at: string, value: string): string =>
    `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(value)}</t></is></c>`;
  const line = (id: string, prompt: string, n: number): string =>
    `<row r="${n}">${cell(`A${n}`, id)}${cell(`B${n}`, prompt)}</row>`;
  const lines = rows.map(({ id, prompt }, n) =>
    line(id ?? '', prompt.toWellFormed().replaceAll(/[^\n -\uD7FF\u{10000}-\u{10FFFF}]/gu, ' '), n + 2),
  );
  return workbookOf({ sheets: { Data: [line('custom_id', 'prompt', 1), ...lines].join('') } });
}

function parquet(rows: readonly Made[]): Buffer {
  const column = (name: string, data: string[]) => ({ name, data, type: 'STRING' as const });
  const ids = column(
    'custom_id',
    rows.map(({ id }) => id ?? ''),
  );
  const prompts = column(
    'prompt',
    rows.map(({ prompt }) => prompt.toWellFormed()),
  );
  return Buffer.from(parquetWriteBuffer({ columnData: [ids, prompts], rowGroupSize: 7 }));
}
