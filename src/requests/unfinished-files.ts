/** How programs name what they have not finished, and what locks a file that somebody has open. */
const UNFINISHED = [
  // Of spreadsheets and word processors: `~$table.xlsx`, `.~lock.table.ods#`.
  /^~\$/,
  /^\.~lock\./,
  // Of editors.
  /~$/,
  /^#.*#$/,
  // Of browsers, and of programs that copy.
  /\.(part|partial|crdownload|download|opdownload|filepart|tmp|temp|swp|swx|lock)$/i,
];

/** Whether a file of this name is a lock, or only a part of what it will be: nobody's input, and not worth a word. */
export function isUnfinished(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return UNFINISHED.some((pattern) => pattern.test(base));
}
