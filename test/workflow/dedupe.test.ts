import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { trials } from '../support/exhaustive.ts';
import { expectReconciled, openWorld, paidAnswers, type Ended } from './world.ts';

const EMBEDDINGS = '/v1/embeddings';

const rowsOf = (texts: readonly string[], id = (n: number): string => `q${n}`): string =>
  texts.map((prompt, n) => `${JSON.stringify({ custom_id: id(n), prompt })}\n`).join('');

/** The result lines, without the field that names the row that was sent. */
const answersOf = ({ results }: Ended): unknown[] =>
  results.map((line) => ({ ...line, answeredBy: undefined }));

const by = (results: readonly ResultLine[]): (string | undefined)[] =>
  results.map(({ answeredBy }) => answeredBy);

describe('rows with the same request', () => {
  test('are sent once, and each has the answer at its own position', async () => {
    const world = await openWorld();

    const ended = await world.run(rowsOf(['a', 'b', 'a', 'c', 'a', 'b']));

    expect(paidAnswers(world)).toBe(3);
    expect(ended.results.map(({ custom_id }) => custom_id)).toEqual(['q0', 'q1', 'q2', 'q3', 'q4', 'q5']);
    expect(by(ended.results)).toEqual([undefined, undefined, 'q0', undefined, 'q0', 'q1']);
    const [first, , third] = ended.results;
    expect({ ...third, custom_id: 'q0', answeredBy: undefined }).toEqual({ ...first, answeredBy: undefined });
    expectReconciled(ended);
    expect(ended.summary).toMatchObject({ status: 'succeeded', rows: 6, counts: { ok: 6 } });
  });

  test('count their usage once, and the summary has the savings', async () => {
    const [one, all] = [await openWorld(), await openWorld()];

    const once = await one.run(rowsOf(['a', 'a', 'a']));
    const each = await all.run(rowsOf(['a', 'a', 'a']), { dedupe: false });

    expect(once.summary.deduplicated?.rows).toBe(2);
    expect(each.summary.deduplicated).toBeUndefined();
    const { saved } = once.summary.deduplicated ?? {};
    expect(once.summary.usage.inputTokens * 3).toBe(each.summary.usage.inputTokens);
    expect(saved?.inputTokens).toBe(2 * once.summary.usage.inputTokens);
    expect(saved?.credits).toBeCloseTo(each.summary.usage.credits - once.summary.usage.credits);
    expect(once.summary.models.reduce((sum, { answers }) => sum + answers, 0)).toBe(1);
  });

  trials(2, 12).test(
    'give the same results as rows that are all sent, over any shards, files and ids',
    async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom('a', 'b', 'c', '[fail:NO_SUCH_THING] d', ' ', 'e'), {
            minLength: 1,
            maxLength: 24,
          }),
          fc.array(fc.constantFrom('a', 'c', 'x', '[fail:NO_SUCH_THING] d'), { maxLength: 12 }),
          fc.integer({ min: 1, max: 6 }),
          fc.constantFrom('', '"', '\\', '","ok":false,"', 'é'),
          async (texts, others, maxRows, mark) => {
            const run = async (dedupe: boolean): Promise<Ended & { readonly paid: number }> => {
              const world = await openWorld();
              const more = others.length > 0 ? ['input/more.jsonl'] : [];
              await world.store.put(
                'input/more.jsonl',
                rowsOf(others, (n) => `${mark}m${n}`),
              );
              const input = rowsOf(texts, (n) => `${mark}${n}`);
              const ended = await world.run(input, { dedupe, more, shardLimits: { maxRows }, rounds: 1 });
              return { ...ended, paid: paidAnswers(world) };
            };

            const [once, each] = [await run(true), await run(false)];

            expect(answersOf(once)).toEqual(answersOf(each));
            expect(once.deadLetters).toEqual(each.deadLetters);
            expect(once.summary.counts).toEqual(each.summary.counts);
            expect(once.summary.errors.map(({ code, rows }) => [code, rows])).toEqual(
              each.summary.errors.map(({ code, rows }) => [code, rows]),
            );
            expectReconciled(once);
            const sent = new Set([...texts, ...others].filter((text) => text.trim() !== ''));
            const valid = [...texts, ...others].filter((text) => text.trim() !== '').length;
            expect(once.summary.deduplicated?.rows ?? 0).toBe(valid - sent.size);
            expect(once.summary.batches.reduce((sum, { requests }) => sum + requests, 0)).toBe(sent.size);
          },
        ),
        { numRuns },
      );
    },
  );

  test.each([
    ['a temperature above 0', { body: { temperature: 0.7 } }, 2],
    ['a temperature of 0', { body: { temperature: 0 } }, 1],
    ['no temperature', {}, 1],
    ['a temperature, and the profile says so', { body: { temperature: 0.7 }, dedupe: true }, 1],
    ['no temperature, and the profile wants each sent', { dedupe: false }, 2],
  ])('with %s', async (_, treatment, sent) => {
    const world = await openWorld();

    const ended = await world.run(rowsOf(['a', 'a']), treatment);

    expect(paidAnswers(world)).toBe(sent);
    expect(ended.summary.counts.ok).toBe(2);
  });

  test('share the error of the row that was sent, and a retry asks for both with one request', async () => {
    const world = await openWorld();
    world.simulator.addFaults({
      at: 'row',
      ids: ['q0'],
      action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 },
    });

    const first = await world.run(rowsOf(['a', 'b', 'a']));

    expect(first.results.map(({ ok }) => ok)).toEqual([false, true, false]);
    expect(first.summary.counts).toMatchObject({ ok: 1, failed: 2 });
    expect(first.summary.errors).toMatchObject([{ code: 'NO_SUCH_THING', rows: 2 }]);
    const [letter, other] = first.deadLetters;
    expect(other).toEqual({ ...letter, custom_id: 'q2' });

    const second = await world.retry(first.jobId);

    expectReconciled(second);
    expect(second.summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 } });
    expect(second.results.map(({ answeredBy, retried }) => [answeredBy, retried])).toEqual([
      [undefined, 1],
      [undefined, undefined],
      ['q0', 1],
    ]);
    expect(second.summary.batches.map(({ requests }) => requests)).toEqual([2, 1]);
  });

  test('name the same file if the answer is a file', async () => {
    const world = await openWorld();

    const { results } = await world.run(rowsOf(['a cat', 'a cat']), {
      endpoint: '/v1/images/generations',
      model: 'm',
    });

    const [first, second] = results;
    expect(second).toEqual({ ...first, custom_id: 'q1', answeredBy: 'q0' });
  });

  test('are also recognised for embeddings with several inputs', async () => {
    const world = await openWorld();
    const row = (custom_id: string, input: readonly string[]): string =>
      `${JSON.stringify({ custom_id, input })}\n`;

    const { results } = await world.run(row('1', ['a', 'b']) + row('2', ['b', 'a']) + row('3', ['a', 'b']), {
      endpoint: EMBEDDINGS,
      model: 'm',
    });

    expect(by(results)).toEqual([undefined, undefined, '1']);
    expect(results[2]).toEqual({ ...results[0], custom_id: '3', answeredBy: '1' });
  });

  test('are sent once if a job is sent directly', async () => {
    const world = await openWorld();

    const ended = await world.run(rowsOf(['a', 'a', 'b', 'a']), { small: 'direct', smallRows: 2 });

    expect(ended.summary).toMatchObject({ sentDirect: 2, deduplicated: { rows: 2 }, counts: { ok: 4 } });
  });

  test('are still found if a row has a duplicate id', async () => {
    const world = await openWorld();

    const ended = await world.run(
      ['q0', 'q1', 'q1', 'q0'].map((custom_id) => `${JSON.stringify({ custom_id, prompt: 'a' })}\n`).join(''),
    );

    expect(ended.results.map((line) => (line.ok ? 'ok' : line.error.code))).toEqual([
      'ok',
      'ok',
      'DUPLICATE_CUSTOM_ID',
      'DUPLICATE_CUSTOM_ID',
    ]);
    expectReconciled(ended);
  });
});
