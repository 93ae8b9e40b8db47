import { Validations } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { WebhookConfig } from '../src/config/schema.ts';
import { keptProps, type Kept } from './kept.ts';

/** The URL to which the end of each job is posted, and the secret that signs the posts. */
export interface Webhook {
  readonly url: string;
  readonly secret: Pick<ISecret, 'grantRead'>;
  /** The secret's id: its ARN, or its name if the ARN is unknown. */
  readonly secretId: string;
}

/** Properties of a deployed workflow's webhook. */
export interface WebhookProps {
  /**
   * URL that receives each job's end. May be a token.
   * @default - `webhook.url` of the configuration
   */
  readonly url?: string;
  /**
   * The secret whose text signs the posts.
   * @default - the secret named in the configuration, otherwise a new one with a random text
   */
  readonly secret?: ISecret;
}

/** The configured and deployed webhook; undefined without one. */
export function createWebhook(
  scope: Construct,
  config: WebhookConfig | undefined,
  { url = config?.url, secret }: WebhookProps,
  kept: Kept,
): Webhook | undefined {
  if (url === undefined) return undefined;
  if (secret !== undefined) return { url, secret, secretId: secret.secretArn };
  const name = config?.secretName;
  if (name !== undefined) {
    return { url, secret: Secret.fromSecretNameV2(scope, SECRET, name), secretId: name };
  }
  const created = createSecret(scope, kept);
  return { url, secret: created, secretId: created.secretArn };
}

const SECRET = 'WebhookSecret';

function createSecret(scope: Construct, kept: Kept): Secret {
  const secret = new Secret(scope, SECRET, {
    description: 'Nightshift: the signing secret of the webhook (HMAC-SHA256)',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    ...keptProps(kept),
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'The receiver must change the secret at the same time, so a person rotates it.',
  });
  return secret;
}
