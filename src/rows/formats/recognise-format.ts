/** Characters of the start that are looked at. */
const LOOKED_AT = 4_096;

/**
 * The extension that content without a name would have, by its first bytes: gzip, a workbook, Parquet, JSON, or else a
 * table. A text of one line a prompt looks like a table of one column: whoever has that says so.
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
