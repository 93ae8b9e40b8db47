import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { answerIndexKey, resultsKey, REUSE_PREFIX, roundKey } from '../../src/checkpoints/keys.ts';
import { eachOwnLine } from '../../src/jsonl/own-lines.ts';
import { EarlierAnswers } from '../../src/reuse/earlier-answers.ts';
import { MERGE_AT, mergeIndexes } from '../../src/reuse/merge-indexes.ts';
import { isMergedKey, listMerged } from '../../src/reuse/merged-index.ts';
import { MovedLines, moveAnswerIndex } from '../../src/reuse/move-index.ts';
import { jobOfReusableKey } from '../../src/reuse/reusable-jobs.ts';
import { hashOfScope, scopeOf } from '../../src/reuse/scope.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { profileOf } from '../rows/build.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { answerLine, endJob } from './earlier-job.ts';
import { trials } from '../support/exhaustive.ts';
import { failingAt } from '../support/failing-at.ts';

const PROMPTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
const START = Date.parse('2026-01-01T00:00:00.000Z');

const jobOf = (jobId: string, hours: number): Job => ({
  jobId,
  inputs: [{ key: `input/${jobId}.jsonl` }],
  createdAt: new Date(START + hours * 3_600_000).toISOString(),
  profile: profileOf({ reuse: 'always' }),
});
const scope = hashOfScope(scopeOf(jobOf('any', 0)) ?? '');

/** Jobs of one profile that run one after another, a day apart, in their own bucket. */
class Nights {
  readonly objects = new Map<string, Buffer>();
  readonly store: ObjectStore = createMemoryStore(509, this.objects);
  readonly jobIds: string[] = [];
  #hours = 0;

  async end(jobId: string, prompts: readonly string[], note = ''): Promise<void> {
    this.#hours += 24;
    if (!this.jobIds.includes(jobId)) this.jobIds.push(jobId);
    const rows = prompts.map((prompt, n) => `${JSON.stringify({ custom_id: `q${n}`, prompt })}\n`);
    await this.store.put(`input/${jobId}.jsonl`, rows.join(''));
    // The answers contain the jobId, so that they show from which job a row has its answer.
    const answer = (request: string): string =>
      answerLine(request).replace('"text":"', `"text":"${jobId}${note} `);
    const job = jobOf(jobId, this.#hours);
    await endJob(this.store, job, job.createdAt, answer);
  }

  /** Moves the answers as a retry with longer lines does: the index first. */
  async move(jobId: string): Promise<void> {
    const moved = new MovedLines();
    const lines: Buffer[] = [];
    for await (const line of eachOwnLine(this.store, resultsKey(jobId))) {
      const next =
        lines.length === 0 ? Buffer.concat([Buffer.from('{"custom_id":"x","ok":false} '), line]) : line;
      moved.add(line.length, next.length);
      lines.push(Buffer.from(next));
    }
    await moveAnswerIndex(this.store, jobId, moved);
    if (lines.length > 0) await this.store.put(resultsKey(jobId), Buffer.concat(lines));
  }

  async forget(jobId: string): Promise<void> {
    for (const key of this.objects.keys())
      if (jobOfReusableKey(key)?.jobId === jobId) await this.store.delete(key);
    await this.store.delete(resultsKey(jobId));
    await this.store.delete(answerIndexKey(jobId));
  }

  get merged(): string[] {
    return [...this.objects.keys()].filter(isMergedKey);
  }

  /**
   * The answers that a further job finds.
   * @param objects objects of its bucket. Default: all
   */
  async answers(objects = this.objects): Promise<unknown[]> {
    const store = createMemoryStore(509, new Map(objects));
    const job = jobOf('next', this.#hours + 24);
    const rows = PROMPTS.map((prompt) => `${JSON.stringify({ prompt })}\n`);
    await store.put('input/next.jsonl', rows.join(''));
    await store.put('input/asked.jsonl', rows.join(''));
    const asking: Job = { ...job, jobId: 'asked', profile: { ...job.profile, reuse: undefined } };
    await buildShards(store, { ...asking, inputs: [{ key: 'input/asked.jsonl' }] });
    const earlier = await EarlierAnswers.open(store, job);
    const found: unknown[] = [];
    for await (const line of eachOwnLine(
      store,
      roundKey({ jobId: 'asked', shard: 0 }, 1, 'requests.jsonl'),
    )) {
      const candidate = earlier?.look(line);
      const answers = candidate && (await earlier?.read([candidate]));
      const answer = candidate && answers?.get(candidate);
      found.push(answer && JSON.parse(answer.lineFor('x').toString()));
    }
    return found;
  }

  /** The answers that it finds without the merged indexes. */
  answersOfOwn(): Promise<unknown[]> {
    return this.answers(new Map([...this.objects].filter(([key]) => !isMergedKey(key))));
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      job: fc.nat(30),
      prompts: fc.subarray([...PROMPTS], { minLength: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('merge' as const), crash: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('merge twice at once' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), job: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), job: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lose a merged index' as const), nth: fc.nat(5) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const bounds = fc.record({
  mergeAt: fc.integer({ min: 1, max: 4 }),
  smallBytes: fc.integer({ min: 60, max: 1_200 }),
  mostBytes: fc.integer({ min: 24, max: 400 }),
});

describe('merged indexes', () => {
  trials(12, 60).test(
    'give each row the same answer as the own indexes of the jobs, after any events',
    async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), bounds, async (steps, limits) => {
          const nights = new Nights();
          for (const each of steps) await take(nights, each, limits);
          expect(await nights.answers()).toEqual(await nights.answersOfOwn());
          await mergeIndexes(nights.store, scope, limits);
          expect(await nights.answers()).toEqual(await nights.answersOfOwn());
        }),
        { numRuns },
      );
    },
  );

  trials(12, 60).test(
    'are checked like other indexes: damaged ones give no row a wrong answer',
    async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 30 }),
          fc.option(fc.nat()),
          async (changes, cut) => {
            const nights = new Nights();
            for (let n = 0; n < 4; n += 1) await nights.end(`job-${n}`, PROMPTS.slice(n, n + 4));
            const right = await nights.answers();
            await mergeIndexes(nights.store, scope, { mergeAt: 1, smallBytes: 10_000, mostBytes: 10_000 });
            damage(nights, nights.merged[0] ?? '', changes, cut);

            for (const [n, answer] of (await nights.answers()).entries())
              expect([right[n], undefined]).toContainEqual(answer);
          },
        ),
        { numRuns },
      );
    },
  );

  trials(12, 60).test(
    'are merged again from the own indexes of their jobs when they are damaged',
    async (numRuns) => {
      const limits = { mergeAt: 1, smallBytes: 10_000, mostBytes: 10_000 };
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
          fc.option(fc.nat()),
          async (changes, cut) => {
            const [nights, sound] = [new Nights(), new Nights()];
            for (const each of [nights, sound]) {
              for (let n = 0; n < 4; n += 1) await each.end(`job-${n}`, PROMPTS.slice(n, n + 4));
              await mergeIndexes(each.store, scope, limits);
            }
            damage(nights, nights.merged[0] ?? '', changes, cut);
            for (const each of [nights, sound]) {
              // A new request, because a request of an earlier job may be sent again if its entry is damaged.
              await each.end('later', ['asked only by the later job']);
              await mergeIndexes(each.store, scope, limits);
            }

            const readable = await listMerged(nights.store, scope);
            const whole = new Set(sound.merged.map((key) => sound.objects.get(key)?.toString('hex')));
            for (const { key } of readable) expect(whole).toContain(nights.objects.get(key)?.toString('hex'));
            expect(await nights.answers()).toEqual(await sound.answers());
          },
        ),
        { numRuns, examples: [[[[129_486_771, 0]], null]] },
      );
    },
  );

  test('are rebuilt when they are those of a version without a hash', async () => {
    const limits = { mergeAt: 1, smallBytes: 10_000, mostBytes: 10_000 };
    const nights = new Nights();
    for (const prompt of PROMPTS) await nights.end(`job-${prompt}`, [prompt]);
    await mergeIndexes(nights.store, scope, limits);
    const [key = ''] = nights.merged;
    const merged = nights.objects.get(key) ?? Buffer.alloc(0);
    nights.objects.set(key, Buffer.concat([merged.subarray(0, 14), Buffer.alloc(10), merged.subarray(24)]));
    const answers = await nights.answers();
    await mergeIndexes(nights.store, scope, limits);

    expect(answers).not.toContain(undefined);
    expect(await nights.answers()).toEqual(answers);
    expect(nights.objects.get(key)).toEqual(merged);
  });

  test('copy no entries of a damaged index of a job, whose sound entries stay in use', async () => {
    const limits = { mergeAt: 1, smallBytes: 10_000, mostBytes: 10_000 };
    const nights = new Nights();
    await nights.end('sound', ['a']);
    await nights.end('damaged', PROMPTS.slice(1));
    const index = nights.objects.get(answerIndexKey('damaged')) ?? Buffer.alloc(0);
    const { length } = nights.objects.get(resultsKey('damaged')) ?? [];
    // Entries with one fault each: a line beyond the results, an empty line, a fingerprint out of order.
    const faults: readonly (readonly [number, number, number])[] = [
      [8, 6, length],
      [14, 4, 0],
      [0, 1, 255],
    ];
    for (const [n, [at, bytes, value]] of faults.entries()) {
      const broken = Buffer.from(index);
      broken.writeUIntBE(value, (n + 2) * 24 + at, bytes);
      nights.objects.set(answerIndexKey('damaged'), broken);
      for (const key of nights.merged) nights.objects.delete(key);
      await mergeIndexes(nights.store, scope, limits);

      const [merged] = await listMerged(nights.store, scope);
      expect(merged?.jobs.map(({ entries }) => entries)).toEqual(['own', 1]);
      expect((await nights.answers()).filter((answer) => answer !== undefined)).toHaveLength(7);
    }
  });

  test('are written when a job ends and there are many small indexes, and keep the number of reads small', async () => {
    const nights = new Nights();
    for (let n = 1; n < MERGE_AT; n += 1) await nights.end(`job-${n}`, ['a', String(n)]);
    expect(nights.merged).toEqual([]);
    await nights.end(`job-${MERGE_AT}`, ['b']);
    expect(nights.merged).toHaveLength(1);

    for (let n = 1; n <= 4 * MERGE_AT; n += 1) await nights.end(`later-${n}`, [`later ${n}`]);

    expect(nights.merged).toHaveLength(1);
    const reads: string[] = [];
    const { store } = nights;
    const counting: ObjectStore = {
      ...store,
      open: (key, options) => (reads.push(key), store.open(key, options)),
      get: (key, options) => (reads.push(key), store.get(key, options)),
    };
    const earlier = await EarlierAnswers.open(counting, jobOf('next', 9_999));
    expect(earlier?.jobs).toHaveLength(5 * MERGE_AT);
    expect(reads.length).toBeLessThan(MERGE_AT + 3);
  });

  test('do not copy large indexes', async () => {
    const nights = new Nights();
    await nights.end('small', ['a']);
    await nights.end('large', PROMPTS.slice(1));
    await mergeIndexes(nights.store, scope, { mergeAt: 2, smallBytes: 100, mostBytes: 10_000 });

    const [merged] = await listMerged(nights.store, scope);
    expect(merged?.jobs.map(({ jobId, entries }) => [jobId, entries])).toEqual([
      ['large', 'own'],
      ['small', 1],
    ]);
    expect(await nights.answers()).toEqual(await nights.answersOfOwn());
  });

  test('have no entries of a forgotten job after the next merge', async () => {
    const nights = new Nights();
    const limits = { mergeAt: 1, smallBytes: 10_000, mostBytes: 10_000 };
    await nights.end('kept', ['a']);
    await nights.end('forgotten', ['b']);
    await mergeIndexes(nights.store, scope, limits);
    await nights.forget('forgotten');
    const answers = await nights.answers();
    await mergeIndexes(nights.store, scope, limits);

    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
    expect(await nights.answers()).toEqual(answers);
    const merged = await listMerged(nights.store, scope);
    expect(merged.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId))).toEqual(['kept']);
  });
});

/** Changes single bytes of an object, and cuts it. */
function damage(
  { objects }: Nights,
  key: string,
  changes: readonly (readonly [number, number])[],
  cut: number | null,
): void {
  const bytes = Buffer.from(objects.get(key) ?? '');
  for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
  objects.set(key, cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
}

async function take(
  nights: Nights,
  each: Step,
  limits: { mergeAt: number; smallBytes: number; mostBytes: number },
): Promise<void> {
  const { store, jobIds, merged } = nights;
  if (each.kind === 'end') return nights.end(`job-${each.job}`, each.prompts, `-${jobIds.length}`);
  if (each.kind === 'merge')
    return mergeIndexes(failingAt(store, each.crash), scope, limits).catch((error: unknown) =>
      expect(String(error)).toContain('The process died.'),
    );
  if (each.kind === 'merge twice at once') {
    await Promise.all([mergeIndexes(store, scope, limits), mergeIndexes(store, scope, limits)]);
    return;
  }
  if (each.kind === 'lose a merged index') return store.delete(merged[each.nth] ?? `${REUSE_PREFIX}none`);
  const jobId = jobIds[each.job % jobIds.length];
  if (jobId === undefined) return;
  if (each.kind === 'move') return nights.move(jobId);
  return nights.forget(jobId);
}
