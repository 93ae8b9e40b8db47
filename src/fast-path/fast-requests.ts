import { RuleRequests, type InvalidRow, type MadeRequest, type RequestMaker } from '../rows/request-maker.ts';
import type { RequestRules } from '../rows/request-line.ts';
import type { Row } from '../rows/row.ts';
import { JsonSplicer } from './splice-json.ts';
import { TableSplicer } from './splice-table.ts';

/** Makes request lines by copying bytes if the shape of a row is known, and otherwise by the rules. */
export class FastRequests implements RequestMaker {
  readonly #byRules: RequestMaker;
  readonly #json: JsonSplicer;
  readonly #table: TableSplicer;

  constructor(rules: RequestRules) {
    this.#byRules = new RuleRequests(rules);
    this.#json = new JsonSplicer(rules);
    this.#table = new TableSplicer(rules);
  }

  make(row: Row, ordinal: number): MadeRequest | InvalidRow {
    const spliced = this.#splice(row, ordinal);
    if (spliced !== undefined) return spliced;
    const made = this.#byRules.make(row, ordinal);
    if (row.kind === 'json' && 'line' in made) this.#json.learn(row.json);
    return made;
  }

  #splice(row: Row, ordinal: number): MadeRequest | undefined {
    if (row.kind === 'json') return this.#json.make(row.json, ordinal);
    return row.kind === 'table' ? this.#table.make(row, ordinal) : undefined;
  }
}
