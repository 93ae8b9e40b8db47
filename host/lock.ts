import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';

/** Holds the process id of whoever works with the data folder. */
const LOCK = '.lock';

/**
 * Takes a data folder for this process: two processes on one job would each send it, and pay twice.
 * @throws InvalidRequest naming the process that has it
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, LOCK);
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isTaken(error)) throw notWritable(folder, error);
    }
    const pid = await holderOf(folder);
    if (pid !== undefined) {
      throw new InvalidRequest(
        `--data: "${folder}" is in use by process ${pid}. Stop it first, or choose another folder.`,
      );
    }
    await rm(path, { force: true });
  }
}

/** The other process that works in a data folder; undefined when there is none, or it is no more, as after a crash. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder, LOCK), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // Somebody else's process may not be asked, but it is there.
    return codeOf(error) === 'EPERM' ? pid : undefined;
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

const isTaken = (error: unknown): boolean => codeOf(error) === 'EEXIST';

function notWritable(folder: string, error: unknown): InvalidRequest {
  return new InvalidRequest(`--data: "${folder}" cannot be written to (${String(codeOf(error))}).`, {
    cause: error,
  });
}
