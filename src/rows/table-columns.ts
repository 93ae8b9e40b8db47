import { didYouMean, findAlike, quoted } from '../text/did-you-mean.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { listColumns } from './formats/table-header.ts';
import { templateColumns, wrongBraces } from './template.ts';

const IDS = ['custom_id', 'id'];

/** The settings that a table's columns are checked against. */
export type ColumnRules = Pick<ResolvedProfile, 'endpoint' | 'prompt' | 'system' | 'table'>;

/** Field names that only rows have: an object with one of them is a row. */
export function rowFields({ endpoint, prompt, system, table }: ColumnRules): ReadonlySet<string> {
  return new Set([
    ...IDS,
    'body',
    'prompt',
    'messages',
    'input',
    'model',
    'method',
    'url',
    ...endpointAt(endpoint).fields,
    ...[prompt, system].flatMap((template) => (template === undefined ? [] : templateColumns(template))),
    ...(table?.id === undefined ? [] : [table.id]),
  ]);
}

/**
 * Rejects a table whose header is probably a mistake: a template names a missing column, or a column's name differs from a
 * field's only in case and spaces, so that it would be ignored silently.
 * @throws InvalidInput before any row is read.
 */
export function checkColumns(header: readonly string[], rules: ColumnRules, name: string): void {
  const columns = header.filter((column) => column !== '');
  checkPrompt(columns, rules, name);
  const asked = namedByTemplates(columns, rules);
  for (const { column, template } of asked) {
    if (columns.includes(column)) continue;
    throw new InvalidInput(
      `${name} has no column ${quoted(column)}, which the ${template} names.${didYouMean(column, columns)} ${listColumns(columns)}`,
    );
  }
  const templates = new Set(asked.map(({ column }) => column));
  for (const field of fieldsOf(columns, rules)) {
    const alike = columns.includes(field) ? undefined : findAlike(field, columns);
    if (alike === undefined || templates.has(alike)) continue;
    const orId = IDS.includes(field) ? `, or say --id ${quoted(alike)} (table: { id } in the profile)` : '';
    throw new InvalidInput(
      `${name} has a column ${quoted(alike)}. Did you mean ${quoted(field)}? Rename the column${orId}.`,
    );
  }
}

/**
 * Rejects a prompt that is the same for every row, because it names no column.
 * @param fields the fields of the table, or of a row
 * @throws InvalidRequest before any row is sent; the file itself is valid
 */
export function checkPrompt(fields: readonly string[], { prompt }: ColumnRules, name: string): void {
  if (prompt === undefined || templateColumns(prompt).length > 0) return;
  if (fields.includes('messages') || fields.includes('body')) return;
  const [meant] = columnsInWrongBraces(prompt, fields);
  const hint =
    meant === undefined
      ? `Name a column in double braces, such as {{${fields[0] ?? 'column'}}}.`
      : `It has ${meant.written}: write {{${meant.column}}}, with double braces.`;
  throw new InvalidRequest(
    `The prompt names no column of ${name}, so every row would ask the same. ${hint} ${listColumns(fields)}`,
  );
}

/** Columns whose names are in the template in the wrong braces, as written there. */
function columnsInWrongBraces(
  template: string,
  fields: readonly string[],
): { readonly written: string; readonly column: string }[] {
  return wrongBraces(template).flatMap(({ written, name }) => {
    const column = fields.includes(name) ? name : findAlike(name, fields);
    return column === undefined ? [] : [{ written, column }];
  });
}

/** Notices about columns in braces that are not double, if others are in double braces: they are sent unchanged. */
export function braceNotices(fields: readonly string[], { prompt, system }: ColumnRules): string[] {
  const templates = [
    ['prompt', prompt],
    ['system message', system],
  ] as const;
  return templates.flatMap(([name, text = '']) =>
    columnsInWrongBraces(text, fields).map(
      ({ written, column }) =>
        `The ${name} has ${written}, which is sent as it is; {{${column}}}, with double braces, is filled in from the column.`,
    ),
  );
}

/**
 * The columns that the templates name. A row with its own `messages` does not need the profile's prompt, and a row with a
 * `system` does not need the system message.
 */
function namedByTemplates(
  columns: readonly string[],
  { prompt, system }: ColumnRules,
): { readonly column: string; readonly template: string }[] {
  if (columns.includes('messages')) return [];
  const of = (text: string | undefined, template: string): { column: string; template: string }[] =>
    text === undefined ? [] : templateColumns(text).map((column) => ({ column, template }));
  const keepsSystem = prompt === undefined && columns.includes('system');
  return [...of(prompt, 'prompt'), ...(keepsSystem ? [] : of(system, 'system message'))];
}

/** Fields that are read from the profile's rows; if the profile has a prompt, everything except the id is data. */
function fieldsOf(columns: readonly string[], { endpoint, prompt, table }: ColumnRules): string[] {
  const hasId = table?.id !== undefined || IDS.some((id) => columns.includes(id));
  const ids = hasId ? [] : ['id', 'custom_id'];
  return prompt === undefined ? [...ids, ...endpointAt(endpoint).fields, 'model'] : ids;
}
