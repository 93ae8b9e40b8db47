import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** How what people put into a workflow, or paid for, is kept. */
export interface Kept {
  /** @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE */
  readonly removalPolicy?: RemovalPolicy | undefined;
  /** @default - AWS's own key */
  readonly encryptionKey?: IKey | undefined;
}

/** The same as properties of a resource. */
export function keptProps({ removalPolicy, encryptionKey }: Kept): {
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
} {
  return {
    removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ...(encryptionKey && { encryptionKey }),
  };
}
