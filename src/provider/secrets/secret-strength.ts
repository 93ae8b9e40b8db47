/** Shortest secret. Shorter texts are ordinary words: removing them from every message would reveal more than it hides. */
const SHORTEST_SECRET = 6;
/** Shortest random secret, shortest secret of several words, and shortest one of a single word or of digits. */
const SHORTEST_RANDOM = 8;
const SHORTEST_WORDS = 12;
const SHORTEST_WORD = 16;

/**
 * True if a text is long or random enough to be a secret. Placeholders for servers that need no key, such as `ollama`, `EMPTY`,
 * `lm-studio` or `sk-1234`, are not: an answer may contain them.
 */
export function isSecret(text: string): boolean {
  if (text.length < SHORTEST_SECRET) return false;
  if (text.length >= SHORTEST_WORD) return true;
  return text.length >= (isRandom(text) ? SHORTEST_RANDOM : SHORTEST_WORDS) && !IS_ONE_WORD.test(text);
}

const IS_ONE_WORD = /^(?:[a-z]+|[A-Z][a-z]*|[A-Z]+|\d+)$/;

/** True if letters, digits, or the cases of letters change at least twice, so that no other text has the same characters by chance. */
export function isRandom(text: string): boolean {
  return (text.match(CHANGES) ?? []).length >= 2 && !ONLY_NUMBERS.test(text);
}

/** Changes between letters, digits and cases. A capital at the beginning of a word does not count. */
const CHANGES = /[A-Za-z](?=\d)|\d(?=[A-Za-z])|[a-z](?=[A-Z])|[A-Z](?=[A-Z][a-z])/g;
const ONLY_NUMBERS = /^[\d+.Ee-]*$/;

/** The beginning of a secret that the provider's documentation shows, such as `sk-proj-`. */
export function publicName(secret: string): string {
  return PUBLIC_NAME.exec(secret)?.[0] ?? '';
}

const PUBLIC_NAME = /^(?:[A-Za-z0-9]{2,8}[-_]){0,3}/;
