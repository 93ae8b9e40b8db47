/** The SDK's errors for missing or expired credentials. */
const ADVICE: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    'There are no AWS credentials. Set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in with `aws sso login`.',
  ExpiredToken: 'The AWS credentials have expired. Log in again, such as with `aws sso login`.',
  ExpiredTokenException: 'The AWS credentials have expired. Log in again, such as with `aws sso login`.',
  InvalidAccessKeyId: 'AWS does not know the access key. Check AWS_PROFILE or AWS_ACCESS_KEY_ID.',
  UnrecognizedClientException: 'AWS does not know the access key. Check AWS_PROFILE or AWS_ACCESS_KEY_ID.',
};

/** Advice for an AWS error, or for an error caused by one; undefined if the error's own message is enough. */
export function adviceFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (Object.hasOwn(ADVICE, error.name)) return ADVICE[error.name];
  if (error.message.startsWith('Region is missing')) return 'There is no AWS region. Set AWS_REGION.';
  return adviceFor(error.cause);
}
