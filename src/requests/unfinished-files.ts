/** Names that programs give to unfinished files and to locks. */
const UNFINISHED = [
  // Spreadsheets and word processors: `~$table.xlsx`, `.~lock.table.ods#`.
  /^~\$/,
  /^\.~lock\./,
  // Editors.
  /~$/,
  /^#.*#$/,
  // Browsers, and programs that copy files.
  /\.(part|partial|crdownload|download|opdownload|filepart|tmp|temp|swp|swx|lock)$/i,
];

/** True if the name is that of a lock or of an unfinished file. Such a file is never an input, and is not reported. */
export function isUnfinished(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return UNFINISHED.some((pattern) => pattern.test(base));
}
