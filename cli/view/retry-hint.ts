/** Attempts before a hint is shown: the first failure is often transient. */
const HINT_FROM = 2;

/** Advice for a person if failures continue, by error. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ENETDOWN/,
    'Check the network, or the base URL of the provider. The job continues by itself as soon as the provider answers.',
  ],
  [
    /ECONNREFUSED/,
    'Nothing listens at the base URL of the provider: check its port, and that the server runs. The job then continues by itself.',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/,
    'Set NODE_EXTRA_CA_CERTS to the certificate of your proxy or server.',
  ],
  [/ProviderThrottled/, 'The provider asks to slow down. Nothing is lost; there is nothing to do.'],
  // Also used for shards that wait for our own limit, without any call to the provider.
  [
    /ProviderBusy/,
    'The job continues by itself when there is room. Nothing is lost; there is nothing to do.',
  ],
  [/StoreUnavailable/, 'Check the disk that the data folder is on.'],
  [
    /ProviderUnavailable/,
    'The provider does not answer as expected: see its status page. The job continues by itself.',
  ],
];

/** A hint for a failed attempt, after enough attempts. The user can press Ctrl-C at any time. */
export function retryHint(error: string, attempt: number): string | undefined {
  if (attempt !== HINT_FROM) return undefined;
  const found = HINTS.find(([pattern]) => pattern.test(error))?.[1];
  return found === undefined ? undefined : `${found} Ctrl-C leaves the job where it is.`;
}
