import * as z from 'zod';
import { defined } from '../defined.ts';
import { profileSchema, type ProfileConfig } from '../profiles/profile-schema.ts';

const { prompt, system, model, output, table } = profileSchema.shape;
const { schema } = output.unwrap().shape;
const { id, delimiter, encoding, sheet } = table.unwrap().shape;

/** Short fields of a request, named as on the command line; each stands for the same field of its overrides. */
export const questionShape = {
  prompt: prompt.describe("The prompt: a template over a row's fields, such as `Review: {{review}}`."),
  system: system.describe('The system message, also a template.'),
  model: model.describe('Model for rows that name none.'),
  schema: schema.optional().describe('JSON Schema that each answer must match.'),
  id: id.describe("The column or field with a row's id."),
  delimiter: delimiter.describe("Delimiter of a table's cells."),
  encoding: encoding.describe('Encoding of tables, text and JSON, such as `windows-1252`.'),
  sheet: sheet.describe('Name of the sheet of a workbook to read. Default: the first.'),
};

const questionSchema = z.object(questionShape);

type Question = z.output<typeof questionSchema>;

/** The overrides of a request, including its short fields (`prompt`, `model`, …). */
export function askedOverrides(
  asked: Partial<Question> & { readonly overrides?: ProfileConfig | undefined },
): ProfileConfig | undefined {
  const { overrides } = asked;
  const short = shortForms(asked);
  if (Object.keys(short).length === 0) return overrides;
  const { output: wanted, table: rules, ...fields } = short;
  return {
    ...overrides,
    ...fields,
    ...(wanted && { output: { ...overrides?.output, ...wanted } }),
    ...(rules && { table: { ...overrides?.table, ...rules } }),
  };
}

/** The short fields as fields of a profile; missing ones are absent. */
export function shortForms(asked: Partial<Question>): ProfileConfig {
  const rules = defined({
    id: asked.id,
    delimiter: asked.delimiter,
    encoding: asked.encoding,
    sheet: asked.sheet,
  });
  return defined({
    prompt: asked.prompt,
    system: asked.system,
    model: asked.model,
    output: asked.schema && { schema: asked.schema },
    table: Object.keys(rules).length === 0 ? undefined : rules,
  });
}
