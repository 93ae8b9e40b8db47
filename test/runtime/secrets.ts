import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { onTestFinished } from 'vitest';
import { forgetSecrets } from '../../src/runtime/kept-secrets.ts';

/** A mocked Secrets Manager. Each call resets it. */
export function openSecrets() {
  const manager = mockClient(SecretsManagerClient);
  forgetSecrets();
  onTestFinished(() => {
    manager.restore();
    forgetSecrets();
  });
  return {
    /** Sets the content of the secret. */
    put: (id: string, text: string | undefined): void =>
      void manager
        .on(GetSecretValueCommand, { SecretId: id })
        .resolves(text === undefined ? {} : { SecretString: text }),
    /** Makes reads of the secret fail. */
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
