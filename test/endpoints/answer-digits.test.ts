import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOutput } from '../../src/collect/lines/check-output.ts';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { FastLines } from '../../src/fast-path/fast-lines.ts';
import type { ResultRules } from '../../src/collect/lines/result-rules.ts';
import { readAnswer } from '../../src/jsonl/answer-json.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { asWire } from '../../src/provider/wire.ts';
import { jsonTexts, numberTexts } from '../support/json-text.ts';

/** Numbers of answers, from the provider's line to the result line. */
const RULES: ResultRules = {
  endpoint: endpointAt('/v1/chat/completions'),
  codes: { retriable: [], permanent: [], halting: [] },
  round: 1,
  resultShape: 'compact',
};

const lineOf = (body: string): string =>
  `{"custom_id":"q1","response":{"status_code":200,"body":${body}},"error":null}`;

const chat = (content: string, usage: string, own: string): string =>
  `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(content)}},"finish_reason":"stop"}],"usage":{"own":${usage}},"own":${own}}`;

const verdictOf = (line: string) => classifyLine(asWire(readAnswer(line)) ?? {}, RULES, ONE_INPUT);

const answerOf = (line: string) => {
  const verdict = verdictOf(line);
  if (verdict.kind !== 'ok') throw new Error(verdict.message);
  return renderResult({ ...RULES, customId: 'q1', body: verdict.body, shown: verdict.shown });
};

const lists = jsonTexts.map((value) => `[${value}]`);

test('usage and fields of the provider keep their digits', () => {
  fc.assert(
    fc.property(lists, lists, (usage, own) => {
      const line = jsonLine(answerOf(lineOf(chat('x', usage, own))));
      expect(line).toContain(`"usage":{"own":${usage}}`);
      expect(line).toContain(`"own":${own}}`);
    }),
  );
});

test('output that matches a schema keeps the digits of the model', () => {
  fc.assert(
    fc.property(lists, (content) => {
      const answer = answerOf(lineOf(chat(content, '[]', '[]')));
      const line = checkOutput(answer, [content], undefined, () => undefined);
      expect(jsonLine(line)).toContain(`"output":${content},`);
    }),
  );
});

test('a body that is not an answer is kept unchanged', () => {
  fc.assert(
    fc.property(lists, (own) => {
      const verdict = verdictOf(lineOf(`{"choices":[],"own":${own}}`));
      expect(verdict.kind).toBe('retriable');
      expect(jsonLine({ body: verdict.body })).toContain(`"own":${own}}`);
    }),
  );
});

const vectors = fc
  .array(numberTexts, { minLength: 8, maxLength: 20 })
  .map((numbers) => `[${numbers.join()}]`);

/** The result line of an answer, where it is rendered from the bytes of its line. */
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

      expect(made).toBe(jsonLine(answerOf(line)));
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

      if (made !== undefined) expect(made).toBe(jsonLine(answerOf(line)));
    }),
  );
});
