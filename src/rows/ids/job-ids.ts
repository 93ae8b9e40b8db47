import { basename } from 'node:path/posix';
import type { InputRef } from '../../checkpoints/job.ts';
import type { MadeRequest } from '../request-maker.ts';
import { withCustomId } from '../../jsonl/custom-id.ts';
import type { UniqueIds } from './unique-ids.ts';

/** Separates the number of a file from an id. No id contains it. */
const BEHIND_FILE = '\u0000';

/**
 * Makes the ids of a job's rows unique; within a file they must be unique already. If an earlier file has the same id, the id
 * gets the name of its own file as a prefix: `february-17`.
 */
export class JobIds {
  readonly #ids: Pick<UniqueIds, 'add'>;
  readonly #inputs: readonly InputRef[];
  /** Most characters of an id. */
  readonly #length: number;
  /**
   * Position of the file among the inputs. A file that is named twice keeps its first position, so that its rows are duplicates.
   */
  #file = 0;
  #name = '';

  constructor(ids: Pick<UniqueIds, 'add'>, inputs: readonly InputRef[], length: number) {
    this.#ids = ids;
    this.#inputs = inputs;
    this.#length = length;
  }

  /** The rows that follow belong to this input. */
  startFile({ key, version }: InputRef): void {
    this.#file = this.#inputs.findIndex((input) => input.key === key && input.version === version);
    const [name = ''] = basename(key).split('.');
    // Characters that every provider accepts in an id.
    this.#name = name.replaceAll(/[^A-Za-z0-9_-]+/g, '_');
  }

  /**
   * Takes the id of a row.
   * @param known the id under which the retried job sent the row
   * @returns the id that the row has in the job; undefined when it is a duplicate
   */
  take(id: string, known?: string): string | undefined {
    if (known !== undefined && this.#ids.add(known)) return known;
    if (this.#file > 0 && !this.#ids.add(`${this.#file}${BEHIND_FILE}${id}`)) return undefined;
    if (this.#ids.add(id)) return id;
    return this.#file > 0 ? this.#withName(id) : undefined;
  }

  /** Adds every id that {@link take} may add for the row, provided that the rows come in the same order. */
  visit(id: string, known?: string): void {
    if (known !== undefined) this.#ids.add(known);
    if (this.#file > 0) this.#ids.add(`${this.#file}${BEHIND_FILE}${id}`);
    if (this.#ids.add(id) || this.#file === 0) return;
    for (const named of this.#named(id)) this.#ids.add(named);
  }

  #withName(id: string): string | undefined {
    return this.#named(id).find((each) => this.#ids.add(each));
  }

  /** Several names, because files may share a name, and an id may look as if it already had one. */
  #named(id: string): string[] {
    const names = [this.#name, `${this.#name}_${this.#file + 1}`, `file_${this.#file + 1}`];
    return names.map((name) => `${name}-${id}`).filter(({ length }) => length <= this.#length);
  }
}

/** The same request with another id. */
export function underId(request: MadeRequest, customId: string): MadeRequest {
  if (customId === request.customId) return request;
  return { ...request, customId, line: withCustomId(request.line, customId) };
}
