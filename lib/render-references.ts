import { z } from 'zod';

/** Functions that return the text of each reference in a CloudFormation value. */
export interface ReferenceNames {
  readonly ref: (id: string) => string;
  readonly attribute: (id: string, name: string) => string;
  /** Any other intrinsic function. */
  readonly other: (value: unknown) => string;
}

const joinSchema = z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
const attributeSchema = z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) });
const refSchema = z.strictObject({ Ref: z.string() });

/** A string of a CloudFormation template as one text: parts joined, references written as `names` says. */
export function renderReferences(value: unknown, names: ReferenceNames): string {
  if (typeof value === 'string') return value;
  const join = joinSchema.safeParse(value).data?.['Fn::Join'];
  if (join !== undefined) return join[1].map((part) => renderReferences(part, names)).join(join[0]);
  const attribute = attributeSchema.safeParse(value).data?.['Fn::GetAtt'];
  if (attribute !== undefined) return names.attribute(...attribute);
  const ref = refSchema.safeParse(value).data?.Ref;
  return ref === undefined ? names.other(value) : names.ref(ref);
}
