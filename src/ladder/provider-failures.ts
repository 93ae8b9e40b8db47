/** Failures of a provider as a whole, as a ladder names them, and the errors that they are. */
export const PROVIDER_FAILURES: Readonly<Record<string, readonly string[]>> = {
  denied: ['ProviderDenied'],
  unavailable: ['ProviderUnavailable', 'ProviderThrottled', 'ProviderBusy'],
};
