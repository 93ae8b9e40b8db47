import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Leaders } from '../../src/reuse/leaders.ts';
import { RequestHash } from '../../src/reuse/request-hash.ts';
import { build } from '../rows/build.ts';
import { trials } from '../support/exhaustive.ts';

const rowsOf = (texts: readonly string[]): string =>
  texts.map((prompt, n) => `${JSON.stringify({ custom_id: `q${n}`, prompt })}\n`).join('');

/** A hash that is the same for many requests. */
class WeakHash extends RequestHash {
  override take(): void {
    this.high = 1;
    this.low = 1;
  }
}

const repeats = (texts: readonly string[]): number => texts.length - new Set(texts).size;

describe('rows that are suspected to have the same request', () => {
  trials(8, 30).test(
    'are compared by their bytes: each different request is sent, with any hash',
    async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
          async (texts) => {
            const { plan, lines } = await build(rowsOf(texts), {
              profile: { dedupe: 'always' },
              createHash: (seed) => new WeakHash(seed),
            });

            const sent = (await lines(0, 1, 'requests.jsonl')).map((line) =>
              JSON.stringify(JSON.parse(line).body),
            );
            expect(new Set(sent).size).toBe(new Set(texts).size);
            expect(sent).toHaveLength(plan.rows - (plan.deduplicated ?? 0));
            expect(plan.deduplicated ?? 0).toBeLessThanOrEqual(repeats(texts));
          },
        ),
        { numRuns },
      );
    },
  );

  test('are separated from a leading row that only shares the hash: the build starts again', async () => {
    const seeds: number[] = [];
    const createHash = (seed: number): RequestHash => {
      seeds.push(seed);
      return seeds.length === 1 ? new WeakHash(seed) : new RequestHash(seed);
    };

    const { plan } = await build(rowsOf(['a', 'b', 'b', 'a']), { profile: { dedupe: 'always' }, createHash });

    expect(plan).toMatchObject({ rows: 4, deduplicated: 2 });
    expect(new Set(seeds).size).toBe(2);
  });

  test.each([1, 60, 1_000])('are found among thousands of rows of %i characters', async (length) => {
    const texts = Array.from({ length: 3_000 }, (_, n) => `${'é"\\'.repeat(length)} ${n % 1_000}`);

    const { plan } = await build(rowsOf(texts), {
      profile: { dedupe: 'always' },
      limits: { maxBytes: 100_000_000, maxRows: 100_000 },
    });

    expect(plan.deduplicated).toBe(2_000);
  });
});

test('requests that differ in one bit share no hash', () => {
  const hash = new RequestHash(77);
  const line = Buffer.from(`{"custom_id":"q","method":"POST","body":{"x":"${'0'.repeat(100)}"}}\n`);
  const start = line.indexOf('"method"');
  const seen = new Set<string>();
  for (let at = start; at < line.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(line);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      hash.take(changed, start);
      seen.add(`${hash.high} ${hash.low}`);
    }
  }
  expect(seen.size).toBe(8 * (line.length - start));
});

test('up to a limit rows can lead others; further rows are each sent, and earlier ones still lead', () => {
  const leaders = new Leaders({ dedupe: 'always' }, new RequestHash(1), 2);
  const leaderOf = (text: string, position: number): number | undefined => {
    const customId = `q${position}`;
    const line = `{"custom_id":"${customId}","method":"POST","url":"/v1/embeddings","body":{"input":"${text}"}}\n`;
    return leaders.leaderOf({ customId, line: Buffer.from(line) }, position);
  };

  const found = ['a', 'b', 'c', 'a', 'b', 'c', 'c', 'a'].map(leaderOf);

  expect(found).toEqual([undefined, undefined, undefined, 0, 1, undefined, undefined, 0]);
});
