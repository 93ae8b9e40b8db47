/** The text of a secret (undefined for a binary one), or the reason why it could not be read. */
export type SecretAnswer =
  | { readonly text: string | undefined }
  /** `code`: the failure's name at Secrets Manager or of the connection. `transient`: a retry may succeed. */
  | { readonly code: string; readonly transient: boolean };

const KEPT_MS = 300_000;

interface Kept {
  readonly answer: Promise<SecretAnswer>;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const kept = new Map<string, Kept>();

/** The kept answer for a secret, at most five minutes old. */
export function keptSecret(secretId: string, now: number): Promise<SecretAnswer> | undefined {
  const found = kept.get(secretId);
  return found !== undefined && now < found.until ? found.answer : undefined;
}

/** Keeps an answer, so that simultaneous calls share one request. An answer without a text is dropped. */
export async function keepSecret(
  secretId: string,
  now: number,
  answer: Promise<SecretAnswer>,
): Promise<SecretAnswer> {
  const entry = { answer, until: now + KEPT_MS };
  kept.set(secretId, entry);
  const known = await answer;
  if (!('text' in known) || (known.text ?? '').trim() === '') dropEntry(secretId, entry);
  return known;
}

/** Drops a secret that lacked the value: a person may be adding it at this moment. */
export function forgetSecret(secretId: string): void {
  kept.delete(secretId);
}

/** Drops all secrets: a provider rejected a key, and the next call should read the current one. */
export function forgetSecrets(): void {
  kept.clear();
}

/** Drops an answer, unless another one has replaced it. */
function dropEntry(secretId: string, entry: Kept): void {
  if (kept.get(secretId) === entry) kept.delete(secretId);
}
