import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SampledAnswers } from '../../src/rows/sampled-answers.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const KEY = 'output/sample/results.jsonl';

/** Names that the fields of an answer may have too. */
const name = fc.constantFrom('source', 'retried', 'round', 'file', 'line', '}\n', ',"source":{');
const value = fc.letrec((tie) => ({
  any: fc.oneof(name, fc.nat(9), fc.dictionary(name, tie('any'), { maxKeys: 3 })),
})).any;

test('an answer of a sample is taken byte for byte, without the source and the retry of its row', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, value, { maxKeys: 4 }),
      fc.option(fc.record({ file: fc.oneof(name, fc.string()), line: fc.nat() }), { nil: undefined }),
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      async (body, source, retried) => {
        const store = createMemoryStore(509);
        const answer = { custom_id: 'q', ok: true, text: 'x', body, round: 1 };
        await store.put(KEY, `${JSON.stringify({ ...answer, source, retried })}\n`);
        const answers = new SampledAnswers(store, KEY);
        await answers.next();

        const found = answers.find({ customId: 'q', line: Buffer.from(''), model: 'm', inputs: 1 });

        expect(found?.line.toString()).toBe(`${JSON.stringify(answer)}\n`);
      },
    ),
  );
});
