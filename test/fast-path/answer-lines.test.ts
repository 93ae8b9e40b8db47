import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import type { ResultRules } from '../../src/collect/lines/result-rules.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { FastLines } from '../../src/fast-path/fast-lines.ts';
import { readAnswer } from '../../src/jsonl/answer-json.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { asWire } from '../../src/provider/wire.ts';
import { ENDPOINTS } from '../endpoints/answer-definitions.ts';
import { bodiesOf } from '../endpoints/made-bodies.ts';
import { numberTexts } from '../support/json-text.ts';
import { trials } from '../support/exhaustive.ts';

const NO_CODES = { retriable: [], permanent: [], halting: [] };

const asked = fc.constantFrom(ONE_INPUT, { inputs: 1 }, { inputs: 2 }, { inputs: 3 });

describe.each(ENDPOINTS)('%s', (path) => {
  const rules = { endpoint: endpointAt(path), codes: NO_CODES, round: 1, resultShape: 'compact' } as const;

  trials(100, 400).test(
    'the fast path makes the same line as the rules, or leaves the line to them',
    (numRuns) => {
      fc.assert(
        fc.property(fc.array(bodiesOf(path, 1), { maxLength: 6 }), asked, (all, request) => {
          const reader = new FastLines(rules);
          for (const body of [...all, ...all]) {
            const wire = { custom_id: 'q1', response: { status_code: 200, body }, error: null };
            const verdict = classifyLine(wire, rules, request);
            const line = Buffer.from(JSON.stringify(wire));
            const { verdict: read } = reader.read({ bytes: line, isUtf8: true }, () => request);
            const expected =
              verdict.kind === 'ok' &&
              jsonLine(renderResult({ ...rules, customId: 'q1', body, shown: verdict.shown }));
            expect(read?.kind).toBe(verdict.kind);
            if (read !== undefined && 'render' in read)
              expect(read.render().line.toString('utf8')).toBe(expected);
          }
        }),
        { numRuns },
      );
    },
  );
});

const RULES: ResultRules = {
  endpoint: endpointAt('/v1/chat/completions'),
  codes: NO_CODES,
  round: 1,
  resultShape: 'compact',
};

const lineOf = (body: string): string =>
  `{"custom_id":"q1","response":{"status_code":200,"body":${body}},"error":null}`;

const chat = (content: string, usage: string, own: string): string =>
  `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(content)}},"finish_reason":"stop"}],"usage":{"own":${usage}},"own":${own}}`;

/** The result line that the rules make. */
function slow(line: string): string {
  const verdict = classifyLine(asWire(readAnswer(line)) ?? {}, RULES, ONE_INPUT);
  if (verdict.kind !== 'ok') throw new Error(verdict.message);
  return jsonLine(renderResult({ ...RULES, customId: 'q1', body: verdict.body, shown: verdict.shown }));
}

const vectors = fc
  .array(numberTexts, { minLength: 8, maxLength: 20 })
  .map((numbers) => `[${numbers.join()}]`);

/** The result line of an answer that is rendered from the bytes of its line. Undefined if the fast path does not apply. */
function rendered(reader: FastLines, line: string): string | undefined {
  const { verdict } = reader.read({ bytes: Buffer.from(line), isUtf8: true }, () => ONE_INPUT);
  return verdict !== undefined && 'render' in verdict ? verdict.render().line.toString('utf8') : undefined;
}

test('the fast path copies lists of any numbers', () => {
  fc.assert(
    fc.property(vectors, vectors, (first, second) => {
      const reader = new FastLines(RULES);
      rendered(reader, lineOf(chat('x', first, '[]')));
      const line = lineOf(chat('y', second, '[]'));

      const made = rendered(reader, line);

      expect(made).toBe(slow(line));
      expect(made).toContain(second);
    }),
  );
});

test('the fast path reads single numbers like the slow path, or leaves them', () => {
  fc.assert(
    fc.property(numberTexts, numberTexts, (first, second) => {
      const reader = new FastLines(RULES);
      rendered(reader, lineOf(chat('x', '1', '0.25')));
      const line = lineOf(chat('y', first, second));

      const made = rendered(reader, line);

      if (made !== undefined) expect(made).toBe(slow(line));
    }),
  );
});
