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
 * ARN becomes a made-up ARN, `Ref` the resource's id, pseudo parameters made-up values. What holds another reference is
 * left as it is.
 */
export function readResources(template: unknown): Resource[] {
  return Object.entries(templateSchema.parse(template).Resources).map(([id, { Type, Properties }]) => ({
    id,
    type: Type,
    properties: resolve(Properties),
  }));
}

/** A string with its references replaced. @throws Error when it holds one that is not understood. */
export function resolveText(value: unknown): string {
  return renderReferences(value, STAND_INS);
}

/** Shaped as a function's ARN, which is what validators and the local engine look for. */
export const standInArn = (id: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${id}`;

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

function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const [name = '', ...more] = Object.keys(value);
  if (more.length === 0 && INTRINSIC.test(name)) return resolved(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
}

/** A reference of a kind that is not understood is somebody else's matter, until it is read. */
function resolved(value: object): unknown {
  try {
    return resolveText(value);
  } catch {
    return value;
  }
}
