import { createHash } from 'node:crypto';
import type { SavedPass } from '../../checkpoints/shard/saved-pass.ts';
import type { StepTime } from '../../pace.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import { GoesOnLater } from '../round/files/downloads.ts';
import { hasParts, joinPartedFiles, PartedFiles, type Parts } from '../round/writing/parted-files.ts';
import { FilesBeside } from './files-beside.ts';

/** The time of a pass, and the progress of an earlier call. */
export interface PassTime {
  readonly time: StepTime | undefined;
  /** Number of rows of the pass, of which each call writes at least a share. */
  readonly rows: number;
  /** Undefined if no earlier call has stopped. */
  readonly before: SavedPass | undefined;
  readonly save: (pass: SavedPass) => Promise<void>;
}

interface PassParts<Name extends string> {
  /** Keys of the written files, in the order in which they become visible. */
  readonly keys: Readonly<Record<Name, string>>;
  /** The facts on which the lines depend, beside the files that are read. */
  readonly facts: unknown;
}

/** Even if time is short, a call writes at least this share of the rows. This limits the number of calls. */
const LEAST_SHARE = 1 / 16;

/**
 * A pass over the rows of a shard, which reads several files side by side and writes others. A call that runs short of time saves
 * the positions in all of them, and the next call continues there.
 */
export class RowPass<Name extends string, Carried> implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #parts: PassParts<Name>;
  readonly #files: PartedFiles<Name>;
  readonly #time: PassTime | undefined;
  /** The number of rows after which a call that is short of time stops. */
  readonly #enough: number;
  readonly read: FilesBeside;
  /** The state that the caller has saved with an earlier call; undefined at the first row. */
  readonly carried: Carried | undefined;
  rows: number;

  private constructor(
    store: ObjectStore,
    parts: PassParts<Name>,
    time: PassTime | undefined,
    before: SavedPass | undefined,
  ) {
    this.#store = store;
    this.#parts = parts;
    this.#time = time;
    this.#files = new PartedFiles(store, parts.keys, before?.parts);
    this.read = new FilesBeside(store, before?.positions);
    this.carried = before?.carried as Carried | undefined;
    this.rows = before?.rows ?? 0;
    this.#enough = this.rows + Math.ceil((time?.rows ?? 0) * LEAST_SHARE);
  }

  /**
   * Opens a pass. If an earlier call has written all rows, joins the files and returns the data that the pass carried at its
   * end.
   */
  static async open<Name extends string, Carried>(
    store: ObjectStore,
    parts: PassParts<Name>,
    time: PassTime | undefined,
  ): Promise<RowPass<Name, Carried> | { readonly rows: number; readonly carried: Carried }> {
    const before = time?.before;
    const isValid = before !== undefined && (await isStill(store, parts, before));
    if (!isValid || !before.isWhole) return new RowPass(store, parts, time, isValid ? before : undefined);
    await joinPartedFiles(store, parts.keys, before.parts as Parts<Name>);
    return { rows: before.rows, carried: before.carried as Carried };
  }

  get writers(): Readonly<Record<Name, ObjectWriter>> {
    return this.#files.writers;
  }

  /** True if the rest must wait for the next call. */
  get mustStop(): boolean {
    const time = this.#time?.time;
    return time?.isShort() === true && (this.rows >= this.#enough || time.isOver());
  }

  /** Saves the progress for the next call. Always throws GoesOnLater. */
  async leave(carried: Carried): Promise<never> {
    await this.#save({ isWhole: false, parts: await this.#files.close(), carried });
    throw new GoesOnLater();
  }

  /**
   * Ends the pass: closes its files, and joins their parts.
   * @param needed files that must exist even if they are empty
   */
  async end(carried: Carried, needed: readonly Name[]): Promise<void> {
    const parts = await this.#files.close(needed);
    if (!Object.values<readonly number[]>(parts).some(({ length }) => length > 1)) return;
    await this.#save({ isWhole: true, parts, carried });
    await this.#files.join(parts);
  }

  abort(): Promise<void> {
    return this.#files.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.read[Symbol.asyncDispose]();
  }

  async #save(saved: Pick<SavedPass, 'isWhole' | 'parts' | 'carried'>): Promise<void> {
    const { positions } = this.read;
    const basis = await basisOf(this.#store, this.#parts, positions);
    await this.#time?.save({ ...saved, basis, rows: this.rows, positions });
  }
}

async function isStill<Name extends string>(
  store: ObjectStore,
  parts: PassParts<Name>,
  { basis, positions, parts: all, isWhole }: SavedPass,
): Promise<boolean> {
  if ((await basisOf(store, parts, positions)) !== basis) return false;
  return hasParts(store, parts.keys, { all: all as Parts<Name>, isWhole });
}

/** A hash of everything on which the lines depend: the facts, and the present versions of the files that are read. */
async function basisOf(
  store: ObjectStore,
  { facts }: Pick<PassParts<string>, 'facts'>,
  positions: SavedPass['positions'],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const key of Object.keys(positions)) hash.update(`\n${key} ${(await store.stat(key))?.mark}`);
  return hash.digest('hex');
}
