export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text of a secret, by its ARN or name, from the AWS Parameters and Secrets Lambda extension, which keeps it for 300 s; no SDK is needed for it.
 * @returns what the extension answered with instead, as a status, when it could not be read.
 */
export async function readSecretText(
  secretId: string,
  env: Environment,
): Promise<{ readonly text: string | undefined } | { readonly status: number }> {
  const port = env['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'] ?? '2773';
  const url = `http://localhost:${port}/secretsmanager/get?secretId=${encodeURIComponent(secretId)}`;
  // Once in five minutes, to this very machine: Node's own fetch will do.
  const answer = await fetch(url, {
    headers: { 'x-aws-parameters-secrets-token': env['AWS_SESSION_TOKEN'] ?? '' },
  });
  const body = await answer.text();
  return answer.ok ? { text: secretString(body) } : { status: answer.status };
}

function secretString(body: string): string | undefined {
  try {
    const { SecretString } = JSON.parse(body) as { SecretString?: unknown };
    return typeof SecretString === 'string' ? SecretString : undefined;
  } catch {
    // Told by its absence: the text itself is secret.
    return undefined;
  }
}
