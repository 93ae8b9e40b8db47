import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openForRun } from '../../cli/open-folder.ts';
import { lockFolder } from '../../host/lock.ts';
import { findRequestedJob, readTreatment } from '../../host/start-request.ts';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { CONFIG } from '../support/config.ts';

async function openHeld() {
  const home = await mkdtemp(join(tmpdir(), 'nightshift-beside-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const data = join(home, 'data');
  const store = createFolderStore(data);
  await store.put('output/any', '');
  const lock = await lockFolder(data);
  onTestFinished(() => lock[Symbol.asyncDispose]());
  // A host that records its jobs announces its address like this.
  await lock.announce('http://127.0.0.1:9');
  const file = join(home, 'a.jsonl');
  await writeFile(file, '{"prompt":"x"}\n');
  const asked = { files: [file], profile: undefined, overrides: {}, again: false };
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => void vi.restoreAllMocks());
  return { data, store, asked, options: { data, simulator: true, log: () => undefined, config: CONFIG } };
}

test('a run watches the job of another process that has the same job', async () => {
  const { store, asked, options, data } = await openHeld();
  const jobId = await findRequestedJob(store, CONFIG, asked, await readTreatment(asked));
  await store.put(jobKey(jobId), '{}');

  expect(await openForRun(options, asked)).toEqual({ kind: 'joined', jobId, data });
});

test('a run of another job works in a folder beside the one that is in use', async () => {
  const { asked, options } = await openHeld();

  const opened = await openForRun(options, asked);

  expect(opened.kind).toBe('own');
  expect(basename(opened.data)).toBe('data-2');
  if (opened.kind === 'own') await opened.edges[Symbol.asyncDispose]();
});
