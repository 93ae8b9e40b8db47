import { expect, test } from 'vitest';
import { endOf } from '../../../src/collect/lines/answer-end.ts';

test.each([
  ['length', 'truncated'],
  ['LENGTH', 'truncated'],
  ['model_length', 'truncated'],
  ['MAX_TOKENS', 'truncated'],
  ['content_filter', 'refused'],
  ['SAFETY', 'refused'],
  ['safety', 'refused'],
  ['Content Filter', 'refused'],
  ['sensitive', 'refused'],
  ['PROHIBITED_CONTENT', 'refused'],
  ['guardrail_intervened', 'refused'],
  ['model_context_window_exceeded', 'truncated'],
  ['max-tokens', 'truncated'],
  ['stop', undefined],
  ['error', undefined],
  ['tool_calls', undefined],
  [null, undefined],
])('an answer that ended with %s is %s', (finish_reason, end) => {
  expect(endOf({ text: 'a', finish_reason })).toBe(end);
});

test('an answer with a refusal is refused, however it ended', () => {
  expect(endOf({ text: null, finish_reason: 'stop', refusal: 'No.' })).toBe('refused');
});
