import { InvalidInput } from '../errors.ts';

/** What a path that holds no file answers, also when something on the way is a file and no folder. */
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

/** What a path that can hold no file answers. A bucket may hold both `a` and `a/b`; a folder cannot. */
const NO_PLACE: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'ENAMETOOLONG']);

/** The result, or `undefined` when there is no such file. */
export async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (NOT_THERE.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** The error for a file that could not be put at a path. */
export function placingError(error: unknown, path: string): unknown {
  if (!NO_PLACE.has(codeOf(error))) return error;
  const reason = 'its name is too long, a folder has it, or a file has the name of a folder above it';
  return new InvalidInput(`There can be no file ${path}: ${reason}.`, { cause: error });
}

/** The operating system's code, `ENOENT` for instance; empty for another error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
