import { parseExact, toPlain } from '../../exact-json.ts';
import { readAnswer } from '../../jsonl/answer-json.ts';
import type { AnsweredLine, NotOkLine } from '../../checkpoints/result-line.ts';
import type { Match, Mismatch } from '../../output/compile-schema.ts';
import type { AnswerEnd } from './answer-end.ts';

/** What the answers of a job must match. */
export interface OutputCheck {
  readonly match: Match;
  /** Whether a row is asked again when its answer does not. */
  readonly retry: boolean;
}

/** An answer that is no output. */
export type InvalidOutput = NotOkLine & { readonly outcome: 'invalid_output' };

/**
 * The line of an answer that is to match a schema: with `output` in place of its text, or as an invalid output that keeps
 * it. White space around the JSON is allowed, and nothing else.
 * @param texts what may be the answer, the most likely first: the first that matches is
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
    // The model may say it otherwise; what it refuses it would refuse again, and a schema stays what it is.
    retry: end !== 'refused' && cause !== 'schema',
    ...Object.fromEntries(Object.entries(answer).filter(([, given]) => given !== undefined)),
    round,
  };
}

/** The first text that is JSON and matches; else why the first that is JSON does not. */
function findOutput(
  texts: readonly string[],
  match: Match,
): { readonly output: unknown } | { readonly mismatch: Mismatch } {
  let mismatch: Mismatch | undefined;
  for (const text of texts) {
    const plain = parse(text);
    if (plain === undefined) continue;
    const found = match(plain);
    // What is handed on keeps its digits; what is matched has numbers that can be compared.
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

/** A number that a double may be too small for. */
const MAY_OVERFLOW = /\d[eE]\+?\d{3}|\d{300}/;

/** JSON has no undefined. */
function parse(text: string): unknown {
  try {
    return MAY_OVERFLOW.test(text) ? toPlain(parseExact(text)) : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
