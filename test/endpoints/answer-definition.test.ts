import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { ENDPOINTS, isAnswer, UNKNOWN } from './answer-definitions.ts';
import { bodiesOf, wordsOf } from './made-bodies.ts';
import { trials } from '../support/exhaustive.ts';

const NO_CODES = { retriable: [], permanent: [], halting: [] };

const asked = fc.constantFrom(ONE_INPUT, { inputs: 1 }, { inputs: 2 }, { inputs: 3 });

describe.each(ENDPOINTS)('%s', (path) => {
  const rules = { endpoint: endpointAt(path), codes: NO_CODES, round: 1, resultShape: 'compact' } as const;

  trials(300, 1_500).test(
    'a row is ok exactly if its body is an answer, and then no text is lost',
    (numRuns) => {
      fc.assert(
        fc.property(bodiesOf(path, 3), asked, (body, request) => {
          const wire = { custom_id: 'q1', response: { status_code: 200, body }, error: null };

          const verdict = classifyLine(wire, rules, request);

          expect({ ok: verdict.kind === 'ok', body }).toEqual({ ok: isAnswer(path, body, request), body });
          const said = wordsOf(body);
          if (verdict.kind === 'ok') {
            const line = jsonLine(renderResult({ ...rules, customId: 'q1', body, shown: verdict.shown }));
            expect(said.filter((each) => !line.includes(each))).toEqual([]);
            // A body that is only an error keeps its message, but not the other texts of the body.
          } else if (path !== UNKNOWN) {
            const line = JSON.stringify(verdict);
            expect(said.filter((each) => !line.includes(each))).toEqual([]);
          }
        }),
        { numRuns },
      );
    },
  );
});
