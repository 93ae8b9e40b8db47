import { Replacement, SCRUBBED, type Mark } from './replacement.ts';
import { encodings, writtenForms } from './secret-forms.ts';
import { SecretParts } from './secret-parts.ts';
import { isRandom, isSecret } from './secret-strength.ts';

/** Shortest random secret whose beginning and end are removed as well. */
const SHORTEST_IN_PARTS = 16;

/**
 * Removes secrets from a text.
 * @param from index before which the text stays unchanged; it is read as context
 */
export type Scrub = (text: string, from?: number) => string;

/**
 * Returns a function that removes these secrets from a provider's answers before they are read, logged, stored or shown. It finds
 * them unchanged, encoded (URL, JSON, base64, hex), and the first and last parts of random secrets, which providers print beside
 * asterisks or dots. A secret of words or digits is only removed where it is a whole token. A JSON text stays valid JSON, and its
 * numbers never change.
 */
export function createScrub(secrets: readonly string[], mark: Mark = () => SCRUBBED): Scrub {
  const known = secretsOf(secrets);
  const whole = anyOf(known.flatMap(encodings));
  const tokens = new Set(known.filter((secret) => !isRandom(secret)).flatMap(writtenForms));
  const inParts = partsOf(known);
  return (text, from = 0) => {
    const into = new Replacement(text, from, mark);
    for (const { index, 0: match } of whole === undefined ? [] : text.matchAll(whole)) {
      const end = index + match.length;
      if (!tokens.has(match) || isWholeToken(text, index, end)) into.replace(index, end);
    }
    return inParts.reduce((left, parts) => parts.scrub(left, from, mark), into.finish());
  };
}

/** Search texts: every text that {@link createScrub} changes contains at least one; other texts may contain them, too. */
export interface Traces {
  /** Traces that are in every text with a secret, unless a mask shows fewer than four characters of the secret on one side. */
  readonly all: readonly string[];
  /**
   * Traces that are in texts with a whole secret, or with sixteen characters of its beginning or end. Longer traces are found
   * faster.
   */
  readonly long: readonly string[];
}

export function tracesOf(secrets: readonly string[]): Traces {
  const known = secretsOf(secrets);
  const whole = known.flatMap(encodings);
  const inParts = partsOf(known);
  return {
    all: [...new Set([...whole, ...inParts.flatMap(({ traces }) => traces)])],
    long: [...new Set([...whole, ...inParts.flatMap(({ longTraces }) => longTraces)])],
  };
}

/** The texts that are secrets, without quotes and backslashes around them: these may belong to JSON that contains the secret. */
function secretsOf(texts: readonly string[]): string[] {
  const bare = texts.map((text) => text.replaceAll(/^["\\]+|["\\]+$/g, ''));
  return [...new Set(bare)].filter((text) => isSecret(text));
}

function partsOf(known: readonly string[]): SecretParts[] {
  const random = known.filter((secret) => secret.length >= SHORTEST_IN_PARTS && isRandom(secret));
  return [...new Set(random.flatMap(writtenForms))].map((form) => new SecretParts(form));
}

/** A pattern of any of these texts, longest first: if one text contains a shorter one, no rest of it remains. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  if (texts.length === 0) return undefined;
  const sorted = [...new Set(texts)].toSorted((one, other) => other.length - one.length);
  return new RegExp(sorted.map(escaped).join('|'), 'g');
}

/** An escape before a token, as in `Bearer%20token` and `\ntoken`. */
const ENDS_ESCAPE = /(?:%[\da-f]{2}|\\(?:[bfnrt]|u[\da-f]{4}))$/i;
const LONGEST_ESCAPE = 6;
const TOKEN_CHARACTER = /[\dA-Za-z]/;

function isWholeToken(text: string, start: number, end: number): boolean {
  if (TOKEN_CHARACTER.test(text.charAt(end))) return false;
  const before = text.slice(Math.max(0, start - LONGEST_ESCAPE), start);
  return !TOKEN_CHARACTER.test(before.slice(-1)) || ENDS_ESCAPE.test(before);
}

/** Escapes a text for a pattern. `RegExp.escape` does not exist in Node 22, on which the package runs. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
