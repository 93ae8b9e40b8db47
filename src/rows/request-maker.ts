import { readRow } from './read-input.ts';
import { generatedId, readUsableId, toRequestLine, type RequestRules } from './request-line.ts';
import type { Problem, Row } from './row.ts';

/** A row that can be sent. */
export interface MadeRequest {
  readonly customId: string;
  /** The request line with its newline. The bytes may be reused for the next row. */
  readonly line: Buffer;
  readonly model: string;
  /** Number of texts to embed. */
  readonly inputs: number;
}

/** A row that cannot be sent, with the reason. */
export interface InvalidRow {
  readonly customId: string;
  readonly problem: Problem;
}

/**
 * Makes the request lines of a job's rows. {@link RuleRequests} applies the rules to each row; a faster implementation makes
 * the same lines.
 */
export interface RequestMaker {
  /**
   * Makes the request line of a row.
   * @param ordinal 1-based position of the row in the job, from which a missing id is generated
   */
  make(row: Row, ordinal: number): MadeRequest | InvalidRow;
}

/** Makes request lines by the rules: reads the row, and writes its request. */
export class RuleRequests implements RequestMaker {
  readonly #rules: RequestRules;

  constructor(rules: RequestRules) {
    this.#rules = rules;
  }

  make(row: Row, ordinal: number): MadeRequest | InvalidRow {
    const read = readRow(row);
    if (read.kind === 'unreadable')
      return {
        customId: readUsableId(read.fields ?? {}, this.#rules) ?? generatedId(ordinal),
        problem: read.problem,
      };
    const request = toRequestLine({ value: read.value, ordinal, data: read.data }, this.#rules);
    if ('problem' in request) return request;
    const { customId, text, model, inputs } = request;
    return { customId, line: Buffer.from(text), model, inputs };
  }
}
