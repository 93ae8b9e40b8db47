import { parseExact, toPlain } from '../../exact-json.ts';
import { readAnswer } from '../../jsonl/answer-json.ts';
import type { AnsweredLine, NotOkLine } from '../../checkpoints/result-line.ts';
import type { Match, Mismatch } from '../../output/compile-schema.ts';
import type { AnswerEnd } from './answer-end.ts';

/** How the answers of a job are checked. */
export interface OutputCheck {
  readonly match: Match;
  /** True if a row with a mismatching answer is sent again. */
  readonly retry: boolean;
}

/** The result line of an answer that does not match. */
export type InvalidOutput = NotOkLine & { readonly outcome: 'invalid_output' };

/**
 * Checks an answer against the schema. A matching answer becomes a line with `output` in place of its text, any other an invalid
 * output that keeps the text. Only white space may surround the JSON.
 * @param texts texts that may be the answer, most likely first; the first match is used
 */
export function checkOutput(
  line: AnsweredLine,
  texts: readonly string[],
  end: AnswerEnd | undefined,
  match: Match,
): AnsweredLine | InvalidOutput {
  const found = findOutput(texts, match);
  const { custom_id, ok: _ok, round, source: _source, text: shown, ...rest } = line;
  if ('output' in found) return { custom_id, ok: true, output: found.output, ...rest, round };
  const { finish_reason, refusal, model, usage, body, simulated } = rest;
  const { message, path, cause } = found.mismatch;
  const error = { code: codeOf(found.mismatch, end), message, path };
  const answer = { text: shown, finish_reason, refusal, model, usage, body, simulated };
  return {
    custom_id,
    ok: false,
    outcome: 'invalid_output',
    error,
    // A retry may return a matching answer. After a refusal or with a wrong schema, it would fail in the same way.
    retry: end !== 'refused' && cause !== 'schema',
    ...Object.fromEntries(Object.entries(answer).filter(([, given]) => given !== undefined)),
    round,
  };
}

/** The first text that is JSON and matches; if none matches, why the first JSON text does not. */
function findOutput(
  texts: readonly string[],
  match: Match,
): { readonly output: unknown } | { readonly mismatch: Mismatch } {
  let mismatch: Mismatch | undefined;
  for (const text of texts) {
    const plain = parse(text);
    if (plain === undefined) continue;
    const found = match(plain);
    // The result keeps the digits as they came; only the copy that is matched converts numbers to doubles.
    if (found === undefined) return { output: readAnswer(text) };
    mismatch ??= found;
  }
  return { mismatch: mismatch ?? NOT_JSON };
}

const NOT_JSON: Mismatch = { path: '', message: 'The answer is not JSON.' };

function codeOf(mismatch: Mismatch, end: AnswerEnd | undefined): string {
  if (end === 'refused') return 'OUTPUT_REFUSED';
  if (mismatch.cause === 'schema') return 'OUTPUT_NOT_CHECKED';
  if (end === 'truncated') return 'OUTPUT_TRUNCATED';
  return mismatch === NOT_JSON ? 'OUTPUT_NOT_JSON' : 'INVALID_OUTPUT';
}

/** A number that may overflow a double. */
const MAY_OVERFLOW = /\d[eE]\+?\d{3}|\d{300}/;

/** Parses JSON; returns undefined if the text is not JSON. JSON has no undefined, so the value is unambiguous. */
function parse(text: string): unknown {
  try {
    return MAY_OVERFLOW.test(text) ? toPlain(parseExact(text)) : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
