import { isFields } from '../endpoints/ask.ts';
import type { RowProblem } from '../checkpoints/plan.ts';
import type { NotOkLine } from '../checkpoints/result-line.ts';
import { jsonLine } from '../jsonl/json-line.ts';
import type { ReadRow, UnreadableRow } from './row.ts';

/** The result line of a row that is never sent. */
export function invalidResultLine({ custom_id, code, message, line }: RowProblem): string {
  const result: NotOkLine = {
    custom_id,
    ok: false,
    outcome: 'invalid',
    error: { code, message, line },
    retry: false,
    round: 0,
  };
  return jsonLine(result);
}

/** The dead letter of an invalid row: the row itself with its problem. Once corrected, the line is a valid input row. */
export function invalidDeadLetter(
  { custom_id, code, message, line }: RowProblem,
  row: ReadRow | UnreadableRow,
): string {
  const error = { code, message, line };
  if (row.kind === 'read' && isFields(row.value)) {
    return jsonLine({ ...row.value, custom_id, outcome: 'invalid', error });
  }
  const raw = row.kind === 'read' ? JSON.stringify(row.value) : row.raw;
  return jsonLine({ custom_id, raw, outcome: 'invalid', error });
}
