import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeInterrupt } from '../../cli/view/describe-interrupt.ts';
import { sentSoFar } from '../../host/sent-so-far.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';

async function after(...files: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-sent-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  for (const file of files) await store.put(`jobs/j/shards/${file}`, '{}');
  return describeInterrupt(await sentSoFar(store, 'j'));
}

test.each([
  [['00000/round-1.requests.jsonl'], 'Nothing was sent'],
  [['00000/round-1.uploading.json'], '1 file that may have been uploaded, without a batch'],
  [['00000/round-1.uploading.json', '00000/round-1.upload.json'], '1 file without a batch'],
  [['00000/round-1.upload.json', '00000/round-1.creating.json'], '1 create without an answer'],
  [
    ['00000/round-1.creating.json', '00000/round-1.batch.json', '00001/round-1.batch.json'],
    '2 batches at the provider',
  ],
  [['00000/round-1.batch.json', '00000/round-1.collected.json'], '1 round, whose answers are stored'],
  [
    ['00000/round-1.collected.json', '00000/round-2.batch.json'],
    '1 round, whose answers are stored; 1 batch at the provider',
  ],
  [['00000/round-1.answers-1.jsonl'], 'some rows of 1 shard, sent direct'],
])('an interrupt shows what is known about %j', async (files, told) => {
  expect(await after(...files)).toContain(told);
});
