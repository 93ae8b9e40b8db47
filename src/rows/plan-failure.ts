import { basename } from 'node:path/posix';
import type { Job } from '../checkpoints/job.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { Failure } from '../errors.ts';
import { counted } from '../text/counted.ts';
import { hasNoHeader, listColumns } from './formats/table-header.ts';

/** The reason why nothing of the plan may be sent; undefined if it may be sent. */
export function planFailure(plan: Plan, { inputs, profile }: Job): Failure | undefined {
  const { rows, invalid, problems } = plan;
  const files = inputs.map(({ key }) => basename(key)).join(', ');
  if (rows === 0) return failure(noRows(plan.inputs ?? [], files));
  const reasons = problems.slice(0, 3).map(({ line, code, message }) => `line ${line}: ${message} [${code}]`);
  const because = `${reasons.join('; ')}${invalid > reasons.length ? '; …' : ''}`;
  const fault = profileFault(plan);
  if (fault !== undefined)
    return {
      ...failure(`${fault} Every row of ${files} has this problem; nothing was sent.`),
      name: 'InvalidRequest',
    };
  if (invalid === rows) return failure(`${files} has no valid row. ${because}`);
  if (profile.strict && invalid > 0) {
    return failure(
      `${invalid} of ${rows} rows of ${files} are invalid and the job is strict: nothing was sent. ${because}`,
    );
  }
  return overBudget(plan, files, profile);
}

/**
 * A description of each file without rows. A file with only a header does not look empty to its user, so the message names the
 * header.
 */
function noRows(inputs: NonNullable<Plan['inputs']>, files: string): string {
  if (inputs.length === 0) return `${files} has no rows: it is empty.`;
  const sentences = inputs.map(({ key, columns, emptyRows = 0 }) => {
    const name = basename(key);
    if (columns === undefined) return `${name} has no rows: it is empty.`;
    const valueless = emptyRows === 0 ? '' : ` but ${counted(emptyRows, 'row')} without any value`;
    return `${name} has a header and no rows below it${valueless}.`;
  });
  return [...new Set(sentences)].join(' ');
}

/** Error codes that show a mistake in the profile if every row has the same code. */
const PROFILE_FAULTS: ReadonlySet<string> = new Set(['MISSING_MODEL', 'MISSING_COLUMN', 'NO_PROMPT']);

/** The message if the profile or the request is wrong and not the file: every row has the same problem. */
function profileFault({ rows, invalid, problems, inputs }: Plan): string | undefined {
  const [first] = problems;
  if (first === undefined || invalid !== rows || !PROFILE_FAULTS.has(first.code)) return undefined;
  const isSame = problems.every(({ code, message }) => code === first.code && message === first.message);
  if (!isSame) return undefined;
  const ask = first.code === 'NO_PROMPT' ? askOf(inputs?.[0]?.columns) : '';
  return `${first.message}${ask} [${first.code}]`;
}

/** Suggests a prompt for a table, if none of its columns is used. */
function askOf(columns: readonly string[] = []): string {
  const last = columns.at(-1);
  if (last === undefined) return '';
  return ` ${listColumns(columns)} Ask with a prompt that names them, such as "Summarise: {{${hasNoHeader(columns) ? 'column' : last}}}": --prompt of the command line, "prompt" of a request or of the profile.`;
}

/** The reason why the plan exceeds the budget in rows or tokens. Only rows that are sent count. */
function overBudget(
  { shards, inputTokens, ...plan }: Plan,
  files: string,
  { name, budget }: ResolvedProfile,
): Failure | undefined {
  const { maxRows = Infinity, maxInputTokens = Infinity } = budget;
  const of = `the budget of the profile "${name}"; nothing was sent.`;
  const sent = rowsToSend({ shards });
  const rows = sent === plan.rows ? `${sent} rows` : `${sent} rows to send`;
  if (sent > maxRows) return failure(`${files} has ${rows}, more than the ${maxRows} of ${of}`);
  if (inputTokens <= maxInputTokens) return undefined;
  return failure(`${files} has about ${inputTokens} input tokens, more than the ${maxInputTokens} of ${of}`);
}

function failure(message: string): Failure {
  return { name: 'InvalidInput', code: 'InvalidInput', message };
}
