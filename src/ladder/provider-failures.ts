/** Failures of a provider as a whole, by their names in a ladder, with the errors they stand for. */
export const PROVIDER_FAILURES: Readonly<Record<string, readonly string[]>> = {
  denied: ['ProviderDenied'],
  unavailable: ['ProviderUnavailable', 'ProviderThrottled', 'ProviderBusy'],
};
