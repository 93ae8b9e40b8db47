import { z } from 'zod';
import { renderReferences, type ReferenceNames } from '../../lib/render-references.ts';

const templateSchema = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })),
});

/** A resource of a synthesized template, with stand-ins for its references. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: unknown;
}

/**
 * Reads the resources of a CloudFormation template with stand-ins for references: `Fn::GetAtt` of an ARN and `Ref` of a
 * function's version become a stand-in ARN, any other `Ref` becomes the resource's id, and pseudo parameters get stand-in values.
 * Other references stay unchanged.
 */
export function readResources(template: unknown): Resource[] {
  const resources = Object.entries(templateSchema.parse(template).Resources);
  const versions = new Map(resources.flatMap(([id, resource]) => versionOf(id, resource)));
  const names = { ...STAND_INS, ref: (id: string) => versions.get(id) ?? STAND_INS.ref(id) };
  return resources.map(([id, { Type, Properties }]) => ({
    id,
    type: Type,
    properties: resolve(Properties, names),
  }));
}

const versionSchema = z.object({
  Type: z.literal('AWS::Lambda::Version'),
  Properties: z.object({ FunctionName: z.object({ Ref: z.string() }) }),
});

/** A version of a function, with its stand-in ARN. A template has one version per function. */
function versionOf(id: string, resource: unknown): [id: string, arn: string][] {
  const parsed = versionSchema.safeParse(resource).data;
  return parsed === undefined ? [] : [[id, standInVersionArn(parsed.Properties.FunctionName.Ref)]];
}

/**
 * A string with its references replaced.
 * @throws Error for an unsupported reference.
 */
export function resolveText(value: unknown): string {
  return renderReferences(value, STAND_INS);
}

/** Has the form of a function's ARN, which validators and the local engine expect. */
export const standInArn = (id: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${id}`;

/** Stand-in ARN of the version that the template creates of a function. */
export const standInVersionArn = (functionId: string): string => `${standInArn(functionId)}:1`;

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
};

const STAND_INS: ReferenceNames = {
  ref: (id) => PSEUDO_PARAMETERS[id] ?? id,
  attribute: (id, name) => (name === 'Arn' ? standInArn(id) : `${id}.${name}`),
  other: (value) => {
    throw new Error(`The template has ${JSON.stringify(value)}, which is not supported.`);
  },
};

const INTRINSIC = /^(Ref|Fn::Join|Fn::GetAtt)$/;

function resolve(value: unknown, names: ReferenceNames): unknown {
  if (Array.isArray(value)) return value.map((inner) => resolve(inner, names));
  if (typeof value !== 'object' || value === null) return value;
  const [name = '', ...more] = Object.keys(value);
  if (more.length === 0 && INTRINSIC.test(name)) return resolved(value, names);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, names)]));
}

/** Replaces references. An unsupported reference stays, and fails only when its value is read. */
function resolved(value: object, names: ReferenceNames): unknown {
  try {
    return renderReferences(value, names);
  } catch {
    return value;
  }
}
