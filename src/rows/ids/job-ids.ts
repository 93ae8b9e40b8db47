import { basename } from 'node:path/posix';
import type { InputRef } from '../../checkpoints/job.ts';
import type { MadeRequest } from '../request-maker.ts';
import { withCustomId } from '../../jsonl/custom-id.ts';
import type { UniqueIds } from './unique-ids.ts';

/** Between the number of a file and an id: no id has it. */
const BEHIND_FILE = '\u0000';

/** Names that are tried for one row: in a filter that is full, every id looks taken. */
const MAX_NAMES = 20;

/**
 * The ids of a job's rows, which are unique within a file. A row whose id a row of an earlier file has gets the name of its own
 * file in front: `february-17`.
 */
export class JobIds {
  readonly #ids: Pick<UniqueIds, 'add'>;
  readonly #inputs: readonly InputRef[];
  /** Most characters of an id. */
  readonly #length: number;
  /** Position of the file among the inputs; a file that is named twice has its first one, so that its rows are duplicates. */
  #file = 0;
  #name = '';

  constructor(ids: Pick<UniqueIds, 'add'>, inputs: readonly InputRef[], length: number) {
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
    if (this.#file === 0) return undefined;
    for (const named of this.#named(id)) if (this.#ids.add(named)) return named;
    return undefined;
  }

  /**
   * Adds every id that {@link take} may add for the row, while the rows come in the same order and an id may look as if it was known.
   * An id that looks new is new, so that `take` needs none behind it.
   */
  visit(id: string, known?: string): void {
    if (known !== undefined) this.#ids.add(known);
    if (this.#file > 0) this.#ids.add(`${this.#file}${BEHIND_FILE}${id}`);
    if (this.#ids.add(id) || this.#file === 0) return;
    for (const named of this.#named(id)) if (this.#ids.add(named)) return;
  }

  /** Ids for a row whose own id is taken, as far as they are short enough: files may share a name, and an id may look as if it had one. */
  *#named(id: string): Generator<string> {
    const file = this.#file + 1;
    for (const name of [this.#name, `${this.#name}_${file}`, `file_${file}`])
      if (this.#fits(`${name}-${id}`)) yield `${name}-${id}`;
    for (let n = 2; n <= MAX_NAMES; n += 1)
      if (this.#fits(`file_${file}_${n}-${id}`)) yield `file_${file}_${n}-${id}`;
  }

  #fits({ length }: string): boolean {
    return length <= this.#length;
  }
}

/** The same request under another id. */
export function underId(request: MadeRequest, customId: string): MadeRequest {
  if (customId === request.customId) return request;
  return { ...request, customId, line: withCustomId(request.line, customId) };
}
