import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/**
 * Reads a secret of AWS Secrets Manager by its ARN or name.
 * @returns undefined for a binary secret
 */
export async function getSecretString(secretId: string): Promise<string | undefined> {
  const { SecretString } = await sharedClient().send(new GetSecretValueCommand({ SecretId: secretId }));
  return SecretString;
}

let client: SecretsManagerClient | undefined;

/** The client, one per process. Credentials and region come from the environment. */
function sharedClient(): SecretsManagerClient {
  client ??= new SecretsManagerClient({
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  return client;
}
