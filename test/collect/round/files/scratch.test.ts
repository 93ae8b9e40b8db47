import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Scratch } from '../../../../src/collect/round/files/scratch.ts';

test('a scratch file can be read at any place, and nothing remains when the process is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-tmp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  using scratch = new Scratch();
  scratch.append(Buffer.from('one\ntwo\n'));
  scratch.append(Buffer.from('three\n'));

  expect(scratch.read(4, 3).toString()).toBe('two');
  expect(scratch.read(8, 5).toString()).toBe('three');
  expect(() => scratch.read(8, 100)).toThrow('ends at 14');
  // While it is still open: nobody is left to delete it.
  expect(readdirSync(folder)).toEqual([]);
});
