import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOutput } from '../../src/collect/lines/check-output.ts';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import type { ResultRules } from '../../src/collect/lines/result-rules.ts';
import { readAnswer } from '../../src/jsonl/answer-json.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';
import { asWire } from '../../src/provider/wire.ts';
import { jsonTexts } from '../support/json-text.ts';

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
