import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reusedAnswer } from '../../src/reuse/reused-line.ts';

const JOB = { jobId: 'earlier-1', at: '2026-11-01T00:00:00.000Z' };

const lineOf = (line: object): Buffer => Buffer.from(`${JSON.stringify(line)}\n`);

const reuse = (line: Buffer, id: string): unknown => {
  const made = reusedAnswer(line, JOB)?.lineFor(id);
  return made && JSON.parse(made.toString('utf8'));
};

describe('a result line of an earlier job', () => {
  test('becomes a line of the new row: with the answer, the id of the row and the job that asked, and nothing else of the earlier job', () => {
    const answer = fc.record({
      text: fc.string(),
      body: fc.dictionary(
        fc.constantFrom('round', 'reused', '"round":', 'x'),
        fc.jsonValue({ maxDepth: 2 }),
        {
          maxKeys: 3,
        },
      ),
    });
    const own = fc.record(
      {
        provider: fc.string(),
        step: fc.nat(5),
        answeredBy: fc.string(),
        source: fc.record({ file: fc.string(), line: fc.nat(9) }),
        retried: fc.nat(3),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), answer, own, (earlierId, id, shown, fields) => {
        const line = lineOf({ custom_id: earlierId, ok: true, ...shown, round: 3, ...fields });
        const { provider, step } = fields;

        expect(reuse(line, id)).toEqual(
          JSON.parse(JSON.stringify({ custom_id: id, ok: true, ...shown, provider, step, reused: JOB })),
        );
      }),
    );
  });

  test('keeps the bytes of its answer, numbers included', () => {
    const answer = '"ok":true,"embedding":[0.10,1e5,-0,12345678901234567890],"model":"m"';
    const line = Buffer.from(`{"custom_id":"a",${answer},"round":1}\n`);

    const made = reusedAnswer(line, JOB)?.lineFor('b').toString('utf8');

    expect(made).toBe(`{"custom_id":"b",${answer},"reused":${JSON.stringify(JOB)}}\n`);
  });

  test('has its usage', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    const line = lineOf({ custom_id: 'a', ok: true, text: 'x', usage, round: 1 });

    expect(reusedAnswer(line, JOB)?.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  test.each<[string, object]>([
    ['is not ok', { custom_id: 'a', ok: false, outcome: 'failed', error: {}, round: 1 }],
    ['is itself of another job', { custom_id: 'a', ok: true, text: 'x', reused: JOB }],
  ])('is not reused if it %s', (_, line) => {
    expect(reusedAnswer(lineOf(line), JOB)).toBeUndefined();
  });
});
