import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { onTestFinished } from 'vitest';
import { forgetSecrets } from '../../src/runtime/kept-secrets.ts';

/** Secrets Manager, as far as a test says what it answers. Nothing is kept from the test before. */
export function openSecrets() {
  const manager = mockClient(SecretsManagerClient);
  forgetSecrets();
  onTestFinished(() => {
    manager.restore();
    forgetSecrets();
  });
  return {
    /** What is in the secret from now on. */
    put: (id: string, text: string | undefined): void =>
      void manager
        .on(GetSecretValueCommand, { SecretId: id })
        .resolves(text === undefined ? {} : { SecretString: text }),
    /** From now on it is not answered. */
    refuse: (name: string, status?: number): void =>
      void manager.on(GetSecretValueCommand).rejects(failure(name, status)),
    reads: (): number => manager.commandCalls(GetSecretValueCommand).length,
  };
}

function failure(name: string, httpStatusCode: number | undefined): Error {
  return Object.assign(new Error('secret of the house'), {
    name,
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode },
  });
}
