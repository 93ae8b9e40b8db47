import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
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
  // The file is deleted while it is open. After a crash, nothing would delete it.
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['shorter', 'one\n'],
  ['longer', 'one\ntwo\nthree\n'],
])('a stored file that is %s than the one whose lines were indexed is not read', (_, content) => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-tmp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'output.jsonl');
  writeFileSync(file, content);
  using scratch = new Scratch();

  expect(() => scratch.readInPlace(file, 8)).toThrow(/output\.jsonl changed while it was read/);
});

test('any sequence of ranges has the bytes of the file, also where they follow each other', () => {
  const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, n) => (n * 7 + (n >> 8)) % 256));
  using scratch = new Scratch();
  scratch.append(content);
  const length = fc.oneof(fc.nat(2_000), fc.nat(100_000));
  const step = fc.record({
    length,
    gap: fc.oneof(fc.nat(3), fc.nat(9_000), fc.constant(undefined)),
    at: fc.nat(),
  });
  let end = 0;
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 40 }), (steps) => {
      for (const { gap, at, length: wanted } of steps) {
        const start = (gap === undefined ? at : end + gap) % content.length;
        const bytes = Math.min(wanted, content.length - start);
        end = start + bytes;
        expect(scratch.read(start, bytes).equals(content.subarray(start, end))).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
  expect(() => scratch.read(content.length - 5, 6)).toThrow('ends at 300000, 1 bytes too early');
});
