import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { renderReferences, type ReferenceNames } from './render-references.ts';

export interface MeantWildcards {
  /** ARNs with a wildcard, as written in the policies. */
  readonly resources: readonly string[];
  /** The reason why the ARNs cannot be narrower. */
  readonly reason: string;
}

/**
 * Acknowledges these wildcards in the IAM policies at or below `scope`. One acknowledgement per resource, so that a wildcard that
 * is added later is reported.
 */
export function acknowledgeWildcards(scope: IConstruct, { resources, reason }: MeantWildcards): void {
  for (const resource of resources) {
    const finding = renderReferences(Stack.of(scope).resolve(resource), AS_CDK_NAG_WRITES);
    Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
  }
}

/** `<Bucket.Arn>/jobs/*`, `arn:<AWS::Partition>:…` */
const AS_CDK_NAG_WRITES: ReferenceNames = {
  ref: (id) => `<${id}>`,
  attribute: (id, name) => `<${id}.${name}>`,
  other: (value) => JSON.stringify(value),
};
