import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import { printable } from '../src/text/printable.ts';

/** The formats of results; each is also a file extension. */
export const TABLE_FORMATS = ['csv', 'xlsx', 'parquet', 'jsonl'] as const;

export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Extensions of other kinds of files. A path with one of them is not a folder, and not a format of results. */
const OTHER_FILES = /^(?:docx?|gz|html?|json|md|ndjson|numbers|ods|odt|pdf|tsv|txt|xls[bm]?|xml|ya?ml|zip)$/;

/**
 * The format of a file's extension; `undefined` for a folder, existing or not.
 * @throws InvalidRequest for an unsupported extension
 */
export async function formatOfFile(out: string): Promise<TableFormat | undefined> {
  const extension = extname(out).slice(1).toLowerCase();
  if (await isFolder(out)) return undefined;
  if (OTHER_FILES.test(extension))
    throw new InvalidRequest(
      `--out: ${printable(out)}: results are not written as .${extension}. Give a file that ends in ${TABLE_FORMATS.map((format) => `.${format}`).join(', ')}, or the name of a folder.`,
    );
  return TABLE_FORMATS.find((each) => each === extension);
}

/** True if the path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
