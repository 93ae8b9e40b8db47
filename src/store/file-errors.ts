import { InvalidInput, StoreRejected, StoreUnavailable } from '../errors.ts';

/** Codes for "no file at this path", also if a part of the path is a file instead of a folder. */
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

const TAKEN = 'a file has this name, or the name of a folder above it';

/** The reason why no file or folder can be created at a path, by code. A bucket may hold both `a` and `a/b`; a folder cannot. */
const PATH_PROBLEMS: Readonly<Record<string, string>> = {
  EEXIST: TAKEN,
  ENOTDIR: TAKEN,
  EISDIR: 'a folder has this name',
  ENOTEMPTY: 'a folder has this name',
  ENAMETOOLONG: 'its name is too long',
};

/** The result, or `undefined` if the file does not exist. */
export async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (NOT_THERE.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** The error for a file that could not be created at a path. */
export function placingError(error: unknown, path: string): unknown {
  const problem = pathProblem(error);
  return problem === undefined
    ? error
    : new InvalidInput(`There can be no file ${path}: ${problem}.`, { cause: error });
}

/** The reason why the path itself is the problem; undefined for other errors. */
export function pathProblem(error: unknown): string | undefined {
  return PATH_PROBLEMS[codeOf(error)];
}

/** The operating system's code, such as `ENOENT`; empty for another error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The reason why the operating system failed, and the remedy, by code. */
const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', 'Free space on it.'],
  EDQUOT: ['the disk quota is used up', 'Free space, or raise the quota.'],
  EFBIG: ['the file system accepts no file of this size', 'Use another disk.'],
  EROFS: ['the file system is read-only', 'Mount it for writing, or choose another folder.'],
  EACCES: ['this user has no permission', "Change the folder's owner or its mode."],
  EPERM: ['this user has no permission', "Change the folder's owner or its mode."],
  EMFILE: ['this process has too many files open', 'Raise its limit of open files.'],
  ENFILE: ['this machine has too many files open', 'Raise its limit of open files.'],
  EIO: ['the disk reports an error', 'Check the disk.'],
  ESTALE: ['the network drive has lost the file', 'Check the connection to it.'],
};

/** Codes for which a retry may succeed. */
const TRANSIENT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EIO', 'ESTALE', 'EBUSY', 'EAGAIN']);

/** `the disk is full (ENOSPC)`; undefined for errors that do not come from the operating system, or that need another text. */
export function explainFileError(error: unknown): string | undefined {
  const reason = REASONS[codeOf(error)]?.[0];
  return reason === undefined ? undefined : `${reason} (${codeOf(error)})`;
}

/** The store's named error for an error of the operating system; other errors unchanged. */
export function storeFileError(error: unknown, doing: 'read' | 'write' | 'delete', path: string): unknown {
  const [, remedy = ''] = REASONS[codeOf(error)] ?? [];
  const reason = explainFileError(error);
  if (reason === undefined) return error;
  const message = `Cannot ${doing} ${path}: ${reason}. ${remedy}`;
  return TRANSIENT.has(codeOf(error))
    ? new StoreUnavailable(message, { cause: error })
    : new StoreRejected(message, { cause: error });
}
