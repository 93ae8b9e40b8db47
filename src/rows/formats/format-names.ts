/** The input formats by their names. Separate from their readers, because a command line that only checks names loads no reader. */

/** The extensions of each format; each may also be gzipped, with `.gz` after its extension. */
const EXTENSIONS = {
  'json lines': ['.jsonl', '.ndjson'],
  json: ['.json'],
  csv: ['.csv'],
  tsv: ['.tsv'],
  text: ['.txt'],
  workbook: ['.xlsx'],
  parquet: ['.parquet'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type FormatName = keyof typeof EXTENSIONS;

/** All extensions of input files, without `.gz`. */
export const KNOWN_EXTENSIONS: readonly string[] = Object.values(EXTENSIONS).flat();

/** The formats as extensions without the dot. */
export const FORMAT_NAMES: readonly string[] = KNOWN_EXTENSIONS.map((extension) => extension.slice(1));

const BY_EXTENSION: ReadonlyMap<string, FormatName> = new Map(
  Object.entries(EXTENSIONS).flatMap(([name, extensions]) =>
    extensions.map((extension) => [extension, name as FormatName]),
  ),
);

/** The extension of a file's name, in lower case and without `.gz`, and its format; undefined if it is not an input format. */
export function formatOf(name: string): {
  readonly extension: string;
  readonly format: FormatName | undefined;
} {
  const inner = isGzipped(name) ? name.slice(0, -3) : name;
  const extension = /\.[^./]+$/.exec(inner)?.[0]?.toLowerCase() ?? 'no extension';
  return { extension, format: BY_EXTENSION.get(extension) };
}

/** The first of a format's extensions, which names the format in errors. */
export function extensionOf(format: FormatName): string {
  return EXTENSIONS[format][0];
}

export function isGzipped(name: string): boolean {
  return /\.gz$/i.test(name);
}

/** True if the extension of the file is a readable format. */
export function hasKnownFormat(name: string): boolean {
  return formatOf(name).format !== undefined;
}

const TABLES: ReadonlySet<FormatName | undefined> = new Set(['csv', 'tsv', 'workbook', 'parquet']);

/** True if the rows of a file of this name are those of a table, whose header names their fields. */
export function isTable(name: string): boolean {
  return TABLES.has(formatOf(name).format);
}

const LINES: ReadonlySet<FormatName | undefined> = new Set(['json lines', 'csv', 'tsv', 'text']);

/** True if reading can begin in the middle of a file of this name, as far as its name shows. */
export function canBeEntered(name: string): boolean {
  return !isGzipped(name) && LINES.has(formatOf(name).format);
}
