/**
 * Loads `secrets-manager.ts` with the first secret: on one machine keys come from variables, and the AWS SDK is not needed. The
 * Lambdas' bundles contain `secrets-manager.ts` in its place (`build/bundle-lambdas.ts`).
 */
export async function getSecretString(secretId: string): Promise<string | undefined> {
  const manager = await import('./secrets-manager.ts');
  return manager.getSecretString(secretId);
}
