import { z } from 'zod';
import { renderReferences, type ReferenceNames } from '../../lib/render-references.ts';

const templateSchema = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })),
});

/** A resource of a synthesized template; its references are replaced by stand-ins. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: unknown;
}

/**
 * The resources of a CloudFormation template, as they would be deployed but for their references: `Fn::GetAtt` of an
 * ARN becomes a made-up ARN, as does `Ref` of a function's version; any other `Ref` becomes the resource's id, pseudo parameters made-up values. What holds another reference is
 * left as it is.
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

/** A version of a function, and the ARN that stands in for it. There is one of each function in a template. */
function versionOf(id: string, resource: unknown): [id: string, arn: string][] {
  const parsed = versionSchema.safeParse(resource).data;
  return parsed === undefined ? [] : [[id, standInVersionArn(parsed.Properties.FunctionName.Ref)]];
}

/** A string with its references replaced. @throws Error when it holds one that is not understood. */
export function resolveText(value: unknown): string {
  return renderReferences(value, STAND_INS);
}

/** Shaped as a function's ARN, which is what validators and the local engine look for. */
export const standInArn = (id: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${id}`;

/** Of the version that the template makes of a function. */
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
    throw new Error(`The template holds ${JSON.stringify(value)}, which is not understood.`);
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

/** A reference of a kind that is not understood is somebody else's matter, until it is read. */
function resolved(value: object, names: ReferenceNames): unknown {
  try {
    return renderReferences(value, names);
  } catch {
    return value;
  }
}
