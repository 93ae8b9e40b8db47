import { statSync } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InvalidRequest, StoreRejected } from '../src/errors.ts';
import { notWritable, requireWritable } from './make-folder.ts';

/**
 * An empty SQLite database that is never written. SQLite takes the operating system's file lock, which the system releases when
 * the process ends in any way. It works across containers, independent of process ids. The file is never deleted, because another
 * process may be about to lock it. If a person deletes it, the process that held the lock creates and locks a new file before
 * its next step, unless another process has done so first.
 */
const LOCK = '.lock.db';

/** The file that names the process with the lock, for people. Only the lock shows whether that process is still running. */
const HOLDER = '.lock';

/** Longest wait of a new holder for processes that only check whether the folder is in use, in milliseconds. */
const PATIENCE_MS = 500;

const SQLITE_BUSY = 5;

/** The process that works with a data folder. */
export interface Holder {
  readonly pid: number;
  /** Name of the machine or container of the process id. */
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** URL of its API, if it has one. */
  readonly url?: string | undefined;
}

/** A data folder that this process has locked, until it is disposed of. */
export interface FolderLock extends AsyncDisposable {
  /** Records the URL at which this process accepts requests about the folder's jobs. */
  announce(url: string): Promise<void>;
  /**
   * Checks that the folder is still locked by this process: somebody may have deleted the lock's file. Called before each step.
   * @throws StoreRejected when another process has locked the folder since then
   */
  requireHeld(): Promise<void>;
}

/** Another process works with the folder. */
export class FolderInUse extends InvalidRequest {}

/**
 * Locks a data folder for this process, because two processes on one job would each send its rows and pay twice.
 * @throws InvalidRequest naming the process that has it, or why it cannot be locked
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  // Checked here, because SQLite does not say why it cannot open a file.
  await requireWritable('--data', folder);
  const held = HeldFile.take(folder);
  if (held === undefined) {
    const holder = describeHolder(await readHolder(folder));
    throw new FolderInUse(
      `--data: "${folder}" is in use by ${holder}. Stop it first, or choose another folder.`,
    );
  }
  let mine: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  const path = join(folder, HOLDER);
  const write = (): Promise<void> => writeFile(path, `${JSON.stringify(mine)}\n`);
  try {
    await write();
  } catch (error) {
    held.release();
    throw notWritable('--data', folder, error);
  }
  return {
    announce: (url) => {
      mine = { ...mine, url };
      return write();
    },
    requireHeld: async () => {
      const state = held.check();
      if (state === 'lost') throw await takenOver(folder);
      if (state === 'taken again') await write();
    },
    [Symbol.asyncDispose]: async () => {
      if (held.isUnchanged()) await rm(path, { force: true });
      held.release();
    },
  };
}

async function takenOver(folder: string): Promise<StoreRejected> {
  const holder = describeHolder(await readHolder(folder));
  return new StoreRejected(
    `The data folder "${folder}" was taken over by ${holder}, because its file ${LOCK} was deleted while this process used it. This process starts no further step: stop it. The other process continues its jobs.`,
  );
}

/** The locked file of a data folder. */
class HeldFile {
  readonly #folder: string;
  #lock: DatabaseSync;
  /** Identifies the locked file. A new file of the same name has another mark, as long as the locked file is open. */
  #mark: string | undefined;
  #isLost = false;

  private constructor(folder: string, lock: DatabaseSync) {
    this.#folder = folder;
    this.#lock = lock;
    this.#mark = markOf(folder);
  }

  /**
   * Takes the lock of a data folder.
   * @returns undefined if another process, or this one, has the lock.
   */
  static take(folder: string): HeldFile | undefined {
    const lock = takeLock(folder);
    return lock && new HeldFile(folder, lock);
  }

  isUnchanged(): boolean {
    return this.#mark !== undefined && this.#mark === markOf(this.#folder);
  }

  /** Locks the file again if it was deleted. Runs without an await, so that simultaneous calls do not lock each other out. */
  check(): 'held' | 'taken again' | 'lost' {
    if (this.#isLost) return 'lost';
    if (this.isUnchanged()) return 'held';
    const again = takeLock(this.#folder);
    if (again === undefined) {
      this.#isLost = true;
      return 'lost';
    }
    this.#lock.close();
    this.#lock = again;
    this.#mark = markOf(this.#folder);
    return 'taken again';
  }

  release(): void {
    this.#lock.close();
  }
}

/**
 * Identifies the lock's current file, which changes if somebody deletes and creates it again.
 * @returns undefined if there is no file
 */
function markOf(folder: string): string | undefined {
  const found = statSync(join(folder, LOCK), { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** The process that works with a data folder; undefined without one, or if it has ended, for example after a crash. */
export async function holderOf(folder: string): Promise<Partial<Holder> | undefined> {
  const path = join(folder, LOCK);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists && isLocked(path) ? ((await readHolder(folder)) ?? {}) : undefined;
}

/**
 * Locks the lock's file, through SQLite. The operating system releases the lock when the process ends.
 * @returns undefined if another process, or this one, has the lock.
 */
function takeLock(folder: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(folder, LOCK), { timeout: PATIENCE_MS });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (isBusy(error)) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidRequest(
      `--data: "${folder}" cannot be locked (${reason}). Choose a folder on a disk of this machine.`,
      { cause: error },
    );
  }
}

/**
 * True if another process has the lock. Only reads the file, which SQLite cannot do while it is locked; the read holds a lock
 * for a moment.
 */
function isLocked(path: string): boolean {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    lock.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    lock?.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(join(folder, HOLDER), 'utf8')) as Partial<Holder> | null;
    const { pid, host, since, url } = holder ?? {};
    if (typeof pid === 'number' && typeof host === 'string' && typeof since === 'string')
      return { pid, host, since, ...(typeof url === 'string' && { url }) };
  } catch {
    // The holder has just taken the lock, or an older version wrote only its process id.
  }
  return undefined;
}

function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return 'another process';
  return `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
}
