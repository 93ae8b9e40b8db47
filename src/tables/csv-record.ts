/**
 * RFC 4180 asks for quotes around commas, quotes and line ends. The other separators and outer spaces are quoted too, for
 * programs that guess the separator or trim.
 */
const QUOTED = /["\r\n,;|\t]|^\s|\s$/;

/** One record of a CSV file, without its line end. */
export function csvRecord(cells: readonly string[], delimiter: string): string {
  return cells.map((cell) => (QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter);
}
