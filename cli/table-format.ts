import { stat } from 'node:fs/promises';
import { extname } from 'node:path';

/** The formats of results; each is also a file extension. */
export const TABLE_FORMATS = ['csv', 'xlsx', 'parquet', 'jsonl'] as const;

export type TableFormat = (typeof TABLE_FORMATS)[number];

/** The format that the name of a file asks for; `undefined` for a folder, whether or not it is there. */
export async function formatOfFile(out: string): Promise<TableFormat | undefined> {
  const extension = extname(out).slice(1).toLowerCase();
  const format = TABLE_FORMATS.find((each) => each === extension);
  return format === undefined || (await isFolder(out)) ? undefined : format;
}

/** Whether a folder is at this path. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
