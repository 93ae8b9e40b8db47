import type { ResultLine } from '../checkpoints/result-line.ts';
import { answerText } from './answer-text.ts';
import { structuredAnswer } from './answer-fields.ts';
import { readResultLines } from './result-lines.ts';
import { ColumnNames, type Column, type Table } from './table.ts';

type ResultColumn = Column<ResultLine>;

const text = (name: string, value: ResultColumn['value']): ResultColumn => ({ name, kind: 'text', value });

const BEFORE_FIELDS: readonly ResultColumn[] = [
  text('custom_id', (line) => line.custom_id),
  { name: 'ok', kind: 'boolean', value: (line) => line.ok },
  text('outcome', (line) => (line.ok ? 'ok' : line.outcome)),
  text('answer', shownAnswer),
];

const AFTER_FIELDS: readonly ResultColumn[] = [
  text('finish_reason', (line) => line.finish_reason),
  text('error_code', (line) => (line.ok ? undefined : line.error.code)),
  text('error_message', (line) => (line.ok ? undefined : line.error.message)),
  text('source_file', (line) => line.source?.file),
  { name: 'source_line', kind: 'integer', value: (line) => line.source?.line },
];

/** Results as a table: one row per result line, in order, without the input. */
export function resultsTable(
  results: () => AsyncIterable<Uint8Array>,
  fields: readonly string[],
): Table<ResultLine> {
  return {
    columns: [...BEFORE_FIELDS, ...fieldColumns(fields), ...AFTER_FIELDS],
    rows: () => readResultLines(results()),
  };
}

/** The answer of a row. If it does not match its schema, it is shown as well, because it is paid for. */
export function shownAnswer(line: ResultLine): string | undefined {
  return line.ok ? answerText(line) : (line.text ?? line.refusal);
}

/** A field of the line's structured answer; `undefined` if there is none. */
export function answerField(line: ResultLine, field: string): unknown {
  const answer = structuredAnswer(line);
  return answer !== undefined && Object.hasOwn(answer, field) ? answer[field] : undefined;
}

/** The columns of an answer's fields. A field that has the name of another column becomes `output.<name>`. */
function fieldColumns(fields: readonly string[]): ResultColumn[] {
  const others = [...BEFORE_FIELDS, ...AFTER_FIELDS].map(({ name }) => name);
  const names = new ColumnNames([...others, ...fields.filter((field) => !others.includes(field))]);
  return fields.map((field) =>
    text(others.includes(field) ? names.add(field, 'output') : field, (line) => answerField(line, field)),
  );
}
