import { describe, expect, test } from 'vitest';
import { explainFileError, pathProblem, placingError, storeFileError } from '../../src/store/file-errors.ts';

const errorOf = (code: string): Error => Object.assign(new Error(`${code}: what Node says`), { code });

describe('an error of the operating system', () => {
  test.each([
    ['ENOSPC', 'StoreRejected', 'the disk is full'],
    ['EDQUOT', 'StoreRejected', 'quota'],
    ['EROFS', 'StoreRejected', 'read-only'],
    ['EACCES', 'StoreRejected', 'no permission'],
    ['EPERM', 'StoreRejected', 'no permission'],
    ['EFBIG', 'StoreRejected', 'of this size'],
    ['EMFILE', 'StoreUnavailable', 'too many files open'],
    ['ENFILE', 'StoreUnavailable', 'too many files open'],
    ['EIO', 'StoreUnavailable', 'the disk reports an error'],
    ['ESTALE', 'StoreUnavailable', 'network drive'],
  ])('as %s is a %s that names the file, the cause and the remedy', (code, name, reason) => {
    const error = storeFileError(errorOf(code), 'write', '/data/jobs/a/plan.json');

    expect(error).toMatchObject({ name, cause: { code } });
    const { message } = error as Error;
    expect(message).toContain('Cannot write /data/jobs/a/plan.json: ');
    expect(message).toContain(reason);
    expect(message).toMatch(new RegExp(`\\(${code}\\)\\. [A-Z].*\\.$`));
  });

  test('is not changed if it has its own message or is not an error of a file', () => {
    for (const error of [errorOf('ENOENT'), new Error('What?'), 'thrown']) {
      expect(storeFileError(error, 'read', '/data/a')).toBe(error);
      expect(explainFileError(error)).toBeUndefined();
    }
  });
});

test.each([
  ['EEXIST', 'a file has this name, or the name of a folder above it'],
  ['ENOTDIR', 'a file has this name, or the name of a folder above it'],
  ['EISDIR', 'a folder has this name'],
  ['ENOTEMPTY', 'a folder has this name'],
  ['ENAMETOOLONG', 'its name is too long'],
])('%s while a file is created is explained by its path', (code, problem) => {
  expect(pathProblem(errorOf(code))).toBe(problem);
  expect(placingError(errorOf(code), '/data/a')).toMatchObject({
    name: 'InvalidInput',
    message: `There can be no file /data/a: ${problem}.`,
  });
});
