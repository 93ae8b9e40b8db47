import { describe, expect, test } from 'vitest';
import { batchesBefore, findUnmarked } from '../../src/batches/unmarked-batches.ts';
import { batchObject, type CreateAnnouncement } from '../../src/checkpoints/round/batch-checkpoint.ts';
import { roundKey } from '../../src/checkpoints/keys.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import { ProviderNotFound, ProviderUnavailable } from '../../src/errors.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { NOW, stepEdges, uploadedTo } from '../support/step-edges.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const CONTEXT = uploadedTo('anthropic', 'inline:file');

const LOST: CreateAnnouncement = { at: NOW, before: ['old'] };

interface Listed {
  readonly id: string;
  /** Number of requests of the batch. `null`: the batch does not show it. */
  readonly total?: number | null;
  /** Ids in its results. Absent while the batch runs. */
  readonly results?: readonly string[];
}

async function openEdges(...listed: readonly Listed[]): Promise<ProviderEdges> {
  const store = createFolderStore(await openTempFolder());
  const line = (id: string): string =>
    `{"custom_id":"${id}","method":"POST","url":"/v1/chat/completions","body":{}}\n`;
  await store.put(roundKey(CONTEXT, 1, 'requests.jsonl'), line('q1') + line('q2'));
  const provider: Partial<BatchProvider> = {
    listUnmarked: (known) =>
      Promise.resolve(listed.filter(({ id }) => known?.has(id) !== true).map(({ ...each }) => show(each))),
    download: async function* (batchId) {
      const { results = [] } = listed.find(({ id }) => id === batchId) ?? {};
      for (const id of results) yield Buffer.from(`{"custom_id":"${id}","response":{}}\n`);
    },
  };
  return stepEdges(store, provider);
}

function show({ id, total = 2, results }: Listed): Batch {
  const ended = results !== undefined;
  return {
    id,
    status: ended ? 'ended' : 'in_progress',
    phase: ended ? 'ended' : 'running',
    outputFileId: ended ? id : undefined,
    counts: total === null ? undefined : { total, succeeded: 0, failed: 0 },
  } as Batch;
}

const OURS = { id: 'ours', results: ['q2', 'q1'] };

describe('the batch of a lost create at a provider without metadata', () => {
  test('is the one with the same number of requests and with our ids', async () => {
    const edges = await openEdges(
      { id: 'others', results: ['x1', 'x2'] },
      { id: 'larger', total: 3, results: ['q1', 'q2', 'q3'] },
      OURS,
      { id: 'old', results: ['q1', 'q2'] },
    );

    expect(await findUnmarked(edges, CONTEXT, LOST)).toMatchObject({ batch: { id: 'ours' }, candidates: [] });
  });

  test.each<[string, readonly Listed[], readonly string[]]>([
    ['no batch came after the create', [{ id: 'old', results: ['q1', 'q2'] }], []],
    ['those that came have other ids', [{ id: 'others', results: ['x1', 'x2'] }], []],
    ['those that came have other sizes', [{ id: 'larger', total: 3 }], []],
    ['one runs, and nobody can tell', [{ id: 'running' }], ['running']],
    ['two have our ids', [OURS, { id: 'again', results: ['q1', 'q2'] }], ['ours', 'again']],
    ['some of its ids are ours', [{ id: 'mixed', results: ['q1', 'x1'] }], ['mixed']],
    ['its results are empty', [{ id: 'empty', results: [] }], ['empty']],
    ['one has no counters and runs', [{ id: 'running', total: null }], ['running']],
    ['one has no counters and a part of our ids', [{ id: 'part', total: null, results: ['q1'] }], ['part']],
    ['one has no counters and no results', [{ id: 'empty', total: null, results: [] }], ['empty']],
    [
      'one has no counters and an id too many',
      [{ id: 'more', total: null, results: ['q1', 'q2', 'q3'] }],
      [],
    ],
  ])('is not guessed: %s', async (_why, listed, candidates) => {
    const edges = await openEdges(...listed);

    expect(await findUnmarked(edges, CONTEXT, LOST)).toEqual({ candidates });
  });

  test('is the one whose results have all of our ids, if batches do not show their number of requests', async () => {
    const edges = await openEdges(
      { id: 'others', total: null, results: ['x1', 'x2'] },
      { id: 'larger', total: null, results: ['q1', 'q2', 'q3'] },
      { ...OURS, total: null },
    );

    expect(await findUnmarked(edges, CONTEXT, LOST)).toMatchObject({ batch: { id: 'ours' }, candidates: [] });
  });

  test('is not guessed if the batches before the create were not recorded', async () => {
    const edges = await openEdges(OURS);

    expect(await findUnmarked(edges, CONTEXT, { at: LOST.at })).toEqual({ candidates: ['ours'] });
  });

  test.each([
    ['upper case', ['Q1', 'Q2']],
    ['some in upper case', ['Q2', 'q1']],
    ['with zeros', ['q01', 'q02']],
  ])('is found although its ids came back changed: %s', async (_how, results) => {
    const edges = await openEdges({ id: 'others', results: ['x1', 'x2'] }, { id: 'ours', results });

    expect(await findUnmarked(edges, CONTEXT, LOST)).toMatchObject({ batch: { id: 'ours' }, candidates: [] });
  });

  test.each([
    ['another shard of the job', { ...CONTEXT, shard: 1 }],
    ['another job, whose generated ids are the same', { ...CONTEXT, jobId: 'job-2' }],
  ])('is never one that %s has recorded', async (_whose, ref) => {
    const edges = await openEdges({ id: 'running', results: ['q1', 'q2'] });
    const checkpoint = { batchId: 'running', createdAt: 0, deadline: 0 };
    await batchObject.write(edges.store, ref, checkpoint);

    expect(await findUnmarked(edges, CONTEXT, LOST)).toEqual({ candidates: [] });
  });
});

describe('before a create', () => {
  test('the newest batches are recorded', async () => {
    expect(await batchesBefore(await openEdges({ id: 'old' }, { id: 'older' }), CONTEXT)).toEqual([
      'old',
      'older',
    ]);
  });

  test('a list that does not exist does not prevent it, a list that fails does', async () => {
    const edges = await openEdges();
    const failing = (failure: Error): ProviderEdges => {
      const provider: Partial<BatchProvider> = { listUnmarked: async () => Promise.reject(failure) };
      return { ...edges, provider: () => provider as BatchProvider };
    };

    expect(await batchesBefore(failing(new ProviderNotFound('list: 404')), CONTEXT)).toBeUndefined();
    await expect(batchesBefore(failing(new ProviderUnavailable('list: 503')), CONTEXT)).rejects.toThrow(
      '503',
    );
  });
});
