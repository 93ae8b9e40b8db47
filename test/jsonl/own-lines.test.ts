import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readCustomId } from '../../src/jsonl/custom-id.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { ownLines, requiredLines } from '../../src/jsonl/own-lines.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'nightshift-own-lines-'));
const store = createFolderStore(folder);
afterAll(() => rmSync(folder, { recursive: true }));

test('our own lines are read with their newline, empty ones too', async () => {
  await store.put('a.jsonl', '{"a":1}\n\n{"b":2}\n');
  const lines = (await Array.fromAsync(requiredLines(store, 'a.jsonl'))).flat();
  expect(lines.map(String)).toEqual(['{"a":1}\n', '\n', '{"b":2}\n']);
});

test('a file of ours that does not exist has no lines, and fails where it must exist', async () => {
  expect(await ownLines(store, 'none.jsonl')).toBeUndefined();
  await expect(Array.fromAsync(requiredLines(store, 'none.jsonl'))).rejects.toThrow('none.jsonl');
});

test('a custom_id is read from the start of a line, with any characters in it and after it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (id, text) => {
      expect(readCustomId(Buffer.from(jsonLine({ custom_id: id, body: { text } })))).toBe(id);
    }),
  );
});
