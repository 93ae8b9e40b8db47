/**
 * `secrets-manager.ts`, loaded with the first secret: on one machine keys come from variables, and AWS's SDK is not needed. In the bundles of
 * the Lambdas, `secrets-manager.ts` itself stands in its place (`build/bundle-lambdas.ts`).
 */
export async function getSecretString(secretId: string): Promise<string | undefined> {
  const manager = await import('./secrets-manager.ts');
  return manager.getSecretString(secretId);
}
