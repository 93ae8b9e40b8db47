import { access, constants, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { makeFolder, requireWritable } from '../host/make-folder.ts';
import { deadLettersKey, fileKey, reportKey, summaryKey } from '../src/checkpoints/keys.ts';
import type { Summary } from '../src/checkpoints/summary.ts';
import { InvalidRequest } from '../src/errors.ts';
import { printable } from '../src/text/printable.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { download, read, outputNotWritten, writeWhole } from './result-files.ts';
import type { TableFormat } from './table-format.ts';

/**
 * Creates the folder of `--out`, and checks that results can be written there, before anything is paid.
 * @throws InvalidRequest when results cannot be written, or would replace an input or a write-protected file
 */
export async function makeDestination(
  out: string,
  format: TableFormat | undefined,
  files: readonly string[],
): Promise<void> {
  if (format !== undefined && (await isOneOf(out, files)))
    throw new InvalidRequest(
      `--out: ${printable(out)} is an input of the job, and would be replaced by its answers. Name another file.`,
    );
  const folder = format === undefined ? out : dirname(out);
  await makeFolder('--out', folder);
  await requireWritable('--out', folder);
  if (format !== undefined && (await isProtected(out)))
    throw new InvalidRequest(
      `--out: ${printable(out)} is write-protected, so it is not replaced. Name another file.`,
    );
}

/** True if a file exists that this user must not write. */
async function isProtected(path: string): Promise<boolean> {
  if ((await stat(path).catch(() => undefined)) === undefined) return false;
  return access(path, constants.W_OK).then(
    () => false,
    () => true,
  );
}

/** True if a path leads to one of these files, under any name. */
async function isOneOf(path: string, files: readonly string[]): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  const others = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return others.some((other) => other?.ino === found.ino && other.dev === found.dev);
}

/** Paths of the result files in the store, results first; answers that are files are listed by their folder. */
export async function resultFiles(store: ObjectStore, summary: Summary): Promise<string[]> {
  const located = keysOf(summary).map((key) => store.locate(key));
  const folder = (await hasAnswerFiles(store, summary.jobId))
    ? [dirname(store.locate(fileKey(summary.jobId, 'any')))]
    : [];
  return [...located, ...folder].map(shownPath);
}

async function hasAnswerFiles(store: ObjectStore, jobId: string): Promise<boolean> {
  for await (const _ of store.list(fileKey(jobId, ''))) return true;
  return false;
}

/** A path for people: relative below the working directory; bucket URLs and other paths are unchanged. */
export function shownPath(location: string): string {
  if (!isAbsolute(location)) return location;
  const path = relative('.', location);
  return path.startsWith('..') ? location : path;
}

function keysOf({ jobId, results, tables = [], deadLetters, report }: Summary): string[] {
  return [results, ...tables, deadLetters, report, summaryKey(jobId)].filter((key) => key !== undefined);
}

/** The folder of `--out` for the result files, and the data folder that has them. */
export interface OutputFolder {
  readonly out: string | undefined;
  readonly data: string;
}

/**
 * Paths of the result files: in the store, or in the folder of `--out`.
 * @throws InvalidRequest when they cannot be written there, with the command that writes them elsewhere
 */
export async function writeOutputFiles(
  store: ObjectStore,
  summary: Summary,
  { out, data }: OutputFolder,
): Promise<string[]> {
  if (out === undefined) return resultFiles(store, summary);
  const keys = keysOf(summary);
  const answers = await Array.fromAsync(store.list(fileKey(summary.jobId, '')));
  const folders = answers.length === 0 ? [] : ['files'];
  try {
    return await copyTo(out);
  } catch (error) {
    const command = `nightshift results ${summary.jobId} --data ${printable(data)} --out <folder>`;
    throw outputNotWritten({ out, command, error });
  }

  async function copyTo(folder: string): Promise<string[]> {
    // Removes files of another job: running its dead letters by mistake would pay for them again.
    for (const key of [deadLettersKey(summary.jobId), reportKey(summary.jobId)])
      if (!keys.includes(key)) await rm(join(folder, basename(key)), { force: true });
    for (const { key } of answers) await download(store, key, { jobId: summary.jobId, folder });
    const placed = keys.map(async (key) => {
      const target = join(folder, basename(key));
      await writeWhole(target, read(store, key));
      return target;
    });
    return [...(await Promise.all(placed)), ...folders.map((name) => join(folder, name))];
  }
}
