import { expect, test } from 'vitest';
import { answersTable } from '../../cli/answers-table.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

test('answers, errors and ids cannot move the cursor', async () => {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  const lines = [
    { custom_id: 'a\u202e', ok: true, text: 'x\u001b[2J', round: 1 },
    { custom_id: 'b', ok: false, outcome: 'failed', error: { code: 'E', message: 'y\u001b[2J\nz' } },
  ];
  await store.put('results.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

  const table = await answersTable(store, 'results.jsonl', 80);

  expect(table).toContain('x\\u001b[2J');
  expect(table).toContain('failed: E y\\u001b[2J z');
  for (const moving of ['\u001b', '\u202e']) expect(table).not.toContain(moving);
});
