import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { WebhookConfig } from '../src/config/schema.ts';

/** Where jobs' ends are posted, and the secret that signs the posts. */
export interface Webhook {
  readonly url: string;
  readonly secret: Pick<ISecret, 'grantRead'>;
  /** What the secret is asked for by: its ARN, or its name where that is all that is known. */
  readonly secretId: string;
}

/** The webhook as configured; its secret is a new one with a random text, unless another is named. */
export function createWebhook(scope: Construct, id: string, { url, secretName }: WebhookConfig): Webhook {
  if (secretName !== undefined) {
    return { url, secret: Secret.fromSecretNameV2(scope, id, secretName), secretId: secretName };
  }
  const secret = new Secret(scope, id, {
    description: 'Nightshift: what the webhook is signed with (HMAC-SHA256)',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'The receiver has to take over a new text at the same time; a person rotates it.',
  });
  return { url, secret, secretId: secret.secretArn };
}
