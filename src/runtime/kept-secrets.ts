/** A secret's text (undefined for a binary one), or why it could not be read. */
export type SecretAnswer =
  | { readonly text: string | undefined }
  /** `code`: what Secrets Manager, or the way to it, calls the failure. `transient`: another try may succeed. */
  | { readonly code: string; readonly transient: boolean };

const KEPT_MS = 300_000;

interface Kept {
  readonly answer: Promise<SecretAnswer>;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const kept = new Map<string, Kept>();

/** A secret's answer that is not older than five minutes. */
export function keptSecret(secretId: string, now: number): Promise<SecretAnswer> | undefined {
  const found = kept.get(secretId);
  return found !== undefined && now < found.until ? found.answer : undefined;
}

/** Keeps an answer, also while it is on its way: calls at the same time share it. One without a text is not kept. */
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

/** Forgets a secret that did not hold what was looked for: a person may be putting it in at this moment. */
export function forgetSecret(secretId: string): void {
  kept.delete(secretId);
}

/** Forgets all secrets: a provider has refused a key, and the next call should use the one that is there then. */
export function forgetSecrets(): void {
  kept.clear();
}

/** Unless another answer has taken its place. */
function dropEntry(secretId: string, entry: Kept): void {
  if (kept.get(secretId) === entry) kept.delete(secretId);
}
