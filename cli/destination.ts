import type { Summary } from '../src/checkpoints/summary.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { makeDestination, writeOutputFiles } from './output-files.ts';
import { formatOfFile, type TableFormat } from './table-format.ts';

/** The value of `--out`: a folder, or a table in a format. */
export interface Destination {
  readonly out: string | undefined;
  readonly format: TableFormat | undefined;
}

/**
 * Checks `--out` before anything is paid for, so that an invalid path is reported before the job and not after it.
 * @param files inputs, which must not be overwritten
 * @throws InvalidRequest if the results cannot be written there
 */
export async function openDestination(
  out: string | undefined,
  files: readonly string[],
): Promise<Destination> {
  if (out === undefined) return { out, format: undefined };
  const format = await formatOfFile(out);
  await makeDestination(out, format, files);
  return { out, format };
}

/**
 * Writes the results of a job to the path of `--out`.
 * @param data the folder that has the job
 * @returns the paths of its files, requested ones first
 */
export async function writeToDestination(
  store: ObjectStore,
  summary: Summary,
  { out, format, data }: Destination & { readonly data: string },
): Promise<string[]> {
  const placed = await writeOutputFiles(store, summary, {
    out: format === undefined ? out : undefined,
    data,
  });
  if (format === undefined || out === undefined || summary.results === undefined) return placed;
  const { exportAfterRun } = await import('./commands/export-table.ts');
  return [await exportAfterRun(store, summary, { format, out, data }), ...placed];
}
