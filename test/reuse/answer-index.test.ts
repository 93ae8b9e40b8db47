import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import {
  checkOf,
  ENTRY_BYTES,
  readEntry,
  readHead,
  wholeEntries,
  writeEntries,
  writeHead,
} from '../../src/reuse/answer-index.ts';
import { AnswerTable } from '../../src/reuse/answer-table.ts';
import { MovedLines } from '../../src/reuse/move-index.ts';
import { jobOfReusableKey, reusableJobs, reusableKey } from '../../src/reuse/reusable-jobs.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { profileOf } from '../rows/build.ts';

const fingerprint = (text: string): Buffer => createHash('sha256').update(text).digest();

const answer = fc.record({
  text: fc.string(),
  start: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  length: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  check: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
});

describe('an index of answers', () => {
  test('has 24 bytes per row, is sorted, and each entry is found again in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(answer, { selector: ({ text }) => text, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        async (answers, chunk) => {
          const entries = writeEntries(
            answers.map((each) => ({ ...each, fingerprint: fingerprint(each.text) })),
          );
          expect(entries.length).toBe(24 * answers.length);
          const bytes = Buffer.concat([writeHead(77), entries]);
          const table = new AnswerTable();
          const prefixes: string[] = [];
          let at = -1;
          for await (const whole of wholeEntries(chunksOf(bytes, chunk))) {
            for (let from = 0; from < whole.length; from += ENTRY_BYTES) {
              if ((at += 1) === 0) expect(readHead(whole)).toBe(77);
              else {
                prefixes.push(whole.toString('hex', from, from + 8));
                table.add(readEntry(whole, from), 3);
              }
            }
          }

          expect(prefixes).toEqual(prefixes.toSorted());
          expect(table.size).toBe(answers.length);
          for (const { text, start, length, check } of answers) {
            const digest = fingerprint(text);
            const found = table.find(digest.readUInt32BE(0), digest.readUInt32BE(4));
            expect(found).toEqual({ job: 3, start, length, check });
          }
        },
      ),
    );
  });

  test('keeps the entry that came first', () => {
    const table = new AnswerTable();
    const entry = { high: 1, low: 2, start: 3, length: 4, check: 5 };
    table.add(entry, 0);
    table.add({ ...entry, start: 9 }, 1);
    expect(table.find(1, 2)).toEqual({ job: 0, start: 3, length: 4, check: 5 });
  });

  test('has a checksum for each pair of request and line', () => {
    const checks = ['a', 'b'].flatMap((text) =>
      ['x\n', 'y\n'].map((line) => checkOf(fingerprint(text), Buffer.from(line))),
    );
    expect(new Set(checks).size).toBe(4);
  });

  test('has no header if it is cut or is another file', () => {
    expect(readHead(writeHead(1).subarray(0, 23))).toBeUndefined();
    expect(readHead(Buffer.alloc(48))).toBeUndefined();
  });
});

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('lines are found at their new positions after some were replaced', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 30 }), (lines) => {
      const moved = new MovedLines();
      let [before, after] = [0, 0];
      const positions: [number, number][] = [];
      for (const [was, is] of lines) {
        const [old, now] = [was + 1, is + 1];
        positions.push([before, after]);
        moved.add(old, now);
        before += old;
        after += now;
      }
      for (const [from, to] of positions) expect(moved.move(from)).toBe(to);
      expect(moved.bytes).toEqual({ before, after });
    }),
  );
});

describe('the jobs whose answers a job may reuse', () => {
  const job = (reuse: Job['profile']['reuse']): Job => ({
    jobId: 'now',
    inputs: [],
    createdAt: '2026-11-10T00:00:00.000Z',
    profile: profileOf({ reuse }),
  });
  const written = {
    now: '2026-11-09',
    old: '2026-10-01',
    older: '2025-01-01',
    'a-b': '2026-11-08',
    twice: '2026-11-07',
  };

  async function jobsFor(reuse: Job['profile']['reuse']): Promise<string[]> {
    const store = createMemoryStore(509);
    for (const [jobId, day] of Object.entries({ ...written }))
      await store.put(reusableKey('scope', { jobId, at: `${day}T00:00:00.000Z` }), '');
    await store.put(reusableKey('scope', { jobId: 'twice', at: '2026-11-09T00:00:00.000Z' }), '');
    await store.put(reusableKey('other', { jobId: 'foreign', at: '2026-11-09T00:00:00.000Z' }), '');
    return (await Array.fromAsync(reusableJobs(store, job(reuse), 'scope'))).map(({ jobId }) => jobId);
  }

  test('are those of its scope, newest first, each once, without itself', async () => {
    expect(await jobsFor('always')).toEqual(['twice', 'a-b', 'old', 'older']);
  });

  test('are those that were written within the set number of days', async () => {
    expect(await jobsFor({ days: 2 })).toEqual(['twice', 'a-b']);
    expect(await jobsFor({ days: 40 })).toEqual(['twice', 'a-b', 'old']);
    expect(await jobsFor({ days: 39 })).toEqual(['twice', 'a-b']);
    expect(await jobsFor(undefined)).toEqual([]);
  });

  test('are read from the keys as they were written', () => {
    const earlier = { jobId: 'rows-2026-abc', at: '2026-11-09T10:11:12.345Z' };
    expect(jobOfReusableKey(reusableKey('scope', earlier))).toEqual(earlier);
  });
});
