import { numberText } from '../../src/exact-json.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { answerText } from '../../src/report/answer-text.ts';
import { readResultLines } from '../result-lines.ts';
import { structuredAnswer } from './answer-fields.ts';
import { csvRecord } from './record.ts';
import { spreadsheetCell } from './spreadsheet-cell.ts';

/** Excel takes a file without it for the system's 8-bit encoding. */
export const BYTE_ORDER_MARK = '\ufeff';

const BEFORE_FIELDS = ['custom_id', 'ok', 'outcome', 'answer'];
const AFTER_FIELDS = ['finish_reason', 'error_code', 'error_message', 'source_file', 'source_line'];

export interface TableOptions {
  /** Fields of structured answers that get a column. */
  readonly fields: readonly string[];
  /** Leave cells as they are, those too that a spreadsheet takes for a formula. */
  readonly raw: boolean;
  readonly lineEnd: string;
}

/** Results as a CSV table: a header, then a record per result line, in their order. Holds one batch of lines at a time. */
export class ResultsTable {
  /** Cells so far that would have been formulas. */
  changed = 0;
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  async *records(results: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    const { fields } = this.#options;
    yield this.#record([...BEFORE_FIELDS, ...fieldHeaders(fields), ...AFTER_FIELDS]);
    for await (const lines of readResultLines(results))
      yield lines.map((line) => this.#record(cells(line, fields))).join('');
  }

  #record(texts: readonly string[]): string {
    const { raw, lineEnd } = this.#options;
    if (raw) return csvRecord(texts) + lineEnd;
    const safe = texts.map(spreadsheetCell);
    this.changed += safe.filter((cell, n) => cell !== texts[n]).length;
    return csvRecord(safe) + lineEnd;
  }
}

/** A field with the name of another column is `output.<name>`. */
function fieldHeaders(fields: readonly string[]): string[] {
  const taken = new Set([...BEFORE_FIELDS, ...AFTER_FIELDS]);
  return fields.map((field) => {
    let header = field;
    while (taken.has(header) || (header !== field && fields.includes(header))) header = `output.${header}`;
    return header;
  });
}

function cells(line: ResultLine, fields: readonly string[]): string[] {
  const { custom_id, ok, finish_reason, source } = line;
  const answer = structuredAnswer(line);
  return [
    custom_id,
    String(ok),
    line.ok ? 'ok' : line.outcome,
    line.ok ? answerText(line) : (line.text ?? line.refusal ?? ''),
    ...fields.map((field) =>
      answer !== undefined && Object.hasOwn(answer, field) ? cellText(answer[field]) : '',
    ),
    finish_reason ?? '',
    line.ok ? '' : line.error.code,
    line.ok ? '' : line.error.message,
    source?.file ?? '',
    source === undefined ? '' : String(source.line),
  ];
}

/** Texts and numbers as they are, nothing for null, JSON for the rest. */
function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : (numberText(value) ?? JSON.stringify(value));
}
