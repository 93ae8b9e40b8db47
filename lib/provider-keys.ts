import { SecretValue, Validations } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { keptProps, type Kept } from './kept.ts';

/** The used part of a secret with `{"<provider>": "<key>"}`. */
export type ProviderKeys = Pick<ISecret, 'secretArn' | 'grantRead'>;

/**
 * The secret for the providers' keys. It is deployed as `{}` and filled by hand. Later deploys do not change it, and removing the
 * stack keeps it unless its removal policy says otherwise.
 */
export function createProviderKeys(scope: Construct, id: string, kept: Kept): ProviderKeys {
  const secret = new Secret(scope, id, {
    description: 'Nightshift: the keys of the batch providers, {"<provider>": "<key>"}',
    secretStringValue: SecretValue.unsafePlainText('{}'),
    ...keptProps(kept),
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: "A provider's key is made on its website; there is no API a rotation could call.",
  });
  return secret;
}
