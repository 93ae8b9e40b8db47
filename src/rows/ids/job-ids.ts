import { basename } from 'node:path/posix';
import type { InputRef, Job } from '../../checkpoints/job.ts';
import { known } from '../../provider/dialects/known.ts';
import type { MadeRequest } from '../request-maker.ts';
import { withCustomId } from '../../jsonl/custom-id.ts';
import { MAX_CUSTOM_ID } from '../request-line.ts';
import type { UniqueIds } from './unique-ids.ts';

/** Separates the number of a file from an id. No id contains it. */
const BEHIND_FILE = '\u0000';

/**
 * Number of names that are tried for one row. Without a limit, the search for a name would not end if a full filter rejected
 * every name.
 */
const MAX_NAMES = 20;

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

  /** Begins an input: the following ids belong to its rows. */
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
    if (this.#file === 0) return undefined;
    for (const named of this.#named(id)) if (this.#ids.add(named)) return named;
    return undefined;
  }

  /**
   * Adds every id that {@link take} may add for the row, provided that the rows come in the same order. `take` stops at an id
   * that looks new, because such an id is new.
   */
  visit(id: string, known?: string): void {
    if (known !== undefined) this.#ids.add(known);
    if (this.#file > 0) this.#ids.add(`${this.#file}${BEHIND_FILE}${id}`);
    if (this.#ids.add(id) || this.#file === 0) return;
    for (const named of this.#named(id)) if (this.#ids.add(named)) return;
  }

  /**
   * The ids that a row may get. There are several, because files may share a name, and an id may already begin with a file's
   * name. Ids that are too long are left out.
   */
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

/** The ids of a job's rows, as far as the provider limits their length. */
export function jobIds(
  ids: Pick<UniqueIds, 'add'>,
  { inputs, profile }: Pick<Job, 'inputs' | 'profile'>,
): JobIds {
  return new JobIds(ids, inputs, known(profile.provider.dialect.limits.customIdLength, MAX_CUSTOM_ID));
}

/** The same request with another id. */
export function underId(request: MadeRequest, customId: string): MadeRequest {
  if (customId === request.customId) return request;
  return { ...request, customId, line: withCustomId(request.line, customId) };
}
