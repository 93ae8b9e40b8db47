/**
 * Cells to quote. RFC 4180 requires quotes around commas, quotes and line ends. Other separators and outer spaces are quoted as
 * well, for programs that guess the separator or trim cells.
 */
const QUOTED = /["\r\n,;|\t]|^\s|\s$/;

/** One record of a CSV file, without its line end. */
export function csvRecord(cells: readonly string[], delimiter: string): string {
  return cells.map((cell) => (QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter);
}
