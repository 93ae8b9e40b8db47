import type { NotOkLine, OkLine } from '../../job.ts';
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
 * @param text the answer, wherever the line has it
 */
export function checkOutput(
  line: OkLine,
  text: string | null | undefined,
  end: AnswerEnd | undefined,
  match: Match,
): OkLine | InvalidOutput {
  const value = parse(text);
  const mismatch = value === undefined ? NOT_JSON : match(value);
  const { custom_id, ok: _ok, round, source: _source, text: shown, ...rest } = line;
  if (mismatch === undefined) return { custom_id, ok: true, output: value, ...rest, round };
  const { finish_reason, refusal, model, usage, body } = rest;
  const { message, path } = mismatch;
  const error = { code: codeOf(mismatch, end), message, path };
  const answer = { text: shown, finish_reason, refusal, model, usage, body };
  return {
    custom_id,
    ok: false,
    outcome: 'invalid_output',
    error,
    // The model may say it otherwise; what it refuses it would refuse again, and what was not checked may be right.
    retry: end !== 'refused' && mismatch.unchecked !== true,
    ...Object.fromEntries(Object.entries(answer).filter(([, given]) => given !== undefined)),
    round,
  };
}

const NOT_JSON: Mismatch = { path: '', message: 'The answer is not JSON.' };

function codeOf(mismatch: Mismatch, end: AnswerEnd | undefined): string {
  if (end === 'refused') return 'OUTPUT_REFUSED';
  if (end === 'truncated') return 'OUTPUT_TRUNCATED';
  if (mismatch.unchecked === true) return 'OUTPUT_NOT_CHECKED';
  return mismatch === NOT_JSON ? 'OUTPUT_NOT_JSON' : 'INVALID_OUTPUT';
}

/** JSON has no undefined. */
function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    return undefined;
  }
}
