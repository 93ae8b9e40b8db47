import { basename } from 'node:path/posix';
import type { InputRef } from '../checkpoints/job.ts';
import type { MadeRequest } from './request-maker.ts';
import { withCustomId } from '../jsonl/custom-id.ts';
import type { UniqueIds } from './unique-ids.ts';

/** Between the number of a file and an id: no id has it. */
const BEHIND_FILE = '\u0000';

/**
 * The ids of a job's rows, which are unique within a file. A row whose id a row of an earlier file has gets the name of its own
 * file in front: `february-17`.
 */
export class JobIds {
  readonly #ids: UniqueIds;
  readonly #inputs: readonly InputRef[];
  /** Most characters of an id. */
  readonly #length: number;
  /** Position of the file among the inputs; a file that is named twice has its first one, so that its rows are duplicates. */
  #file = 0;
  #name = '';

  constructor(ids: UniqueIds, inputs: readonly InputRef[], length: number) {
    this.#ids = ids;
    this.#inputs = inputs;
    this.#length = length;
  }

  /** The rows that follow are those of this input. */
  startFile({ key, version }: InputRef): void {
    this.#file = this.#inputs.findIndex((input) => input.key === key && input.version === version);
    const [name = ''] = basename(key).split('.');
    // What every provider takes in an id.
    this.#name = name.replaceAll(/[^A-Za-z0-9_-]+/g, '_');
  }

  /**
   * Takes the id of a row.
   * @param known the id that the row was sent under before, in the job that is retried
   * @returns the id that the row has in the job; undefined when it is a duplicate
   */
  take(id: string, known?: string): string | undefined {
    if (known !== undefined && this.#ids.add(known)) return known;
    if (this.#file > 0 && !this.#ids.add(`${this.#file}${BEHIND_FILE}${id}`)) return undefined;
    if (this.#ids.add(id)) return id;
    return this.#file > 0 ? this.#withName(id) : undefined;
  }

  /** Files may share a name, and an id may look as if it had one. */
  #withName(id: string): string | undefined {
    const names = [this.#name, `${this.#name}_${this.#file + 1}`, `file_${this.#file + 1}`];
    const named = names.map((name) => `${name}-${id}`).filter(({ length }) => length <= this.#length);
    return named.find((each) => this.#ids.add(each));
  }
}

/** The same request under another id. */
export function underId(request: MadeRequest, customId: string): MadeRequest {
  if (customId === request.customId) return request;
  return { ...request, customId, line: withCustomId(request.line, customId) };
}
