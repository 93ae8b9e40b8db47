/** Number of characters that are read of the beginning. */
const LOOKED_AT = 4_096;

/**
 * Detects the extension of content without a name by its first bytes: gzip, a workbook, Parquet, JSON, otherwise a table. A text
 * with one prompt per line looks like a table with one column, so its format must be given.
 */
export function recogniseFormat(start: Buffer): string {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'csv.gz';
  const magic = start.toString('latin1', 0, 4);
  if (magic === 'PK\u0003\u0004') return 'xlsx';
  if (magic === 'PAR1') return 'parquet';
  const text = start
    .toString('utf8', 0, LOOKED_AT)
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('[')) return 'json';
  if (text.startsWith('{')) return /^\{[^\n]*\}\s*(?:\n|$)/.test(text) ? 'jsonl' : 'json';
  const first = text.split(/\r\n|\n|\r/, 1)[0] ?? '';
  return first.includes('\t') && !/[,;]/.test(first) ? 'tsv' : 'csv';
}
