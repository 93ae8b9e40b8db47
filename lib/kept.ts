import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** Settings for resources that hold people's input or paid results. */
export interface Kept {
  /** @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE */
  readonly removalPolicy?: RemovalPolicy | undefined;
  /** @default - AWS's own key */
  readonly encryptionKey?: IKey | undefined;
}

/** Converts these settings to properties of a resource. */
export function keptProps({ removalPolicy, encryptionKey }: Kept): {
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
} {
  return {
    removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ...(encryptionKey && { encryptionKey }),
  };
}
