/** The replacement of a secret in texts. */
export const SCRUBBED = '[secret]';

/**
 * Shortest text that is treated as a secret. Shorter texts are ordinary words: removing them from every message would reveal more
 * than it hides.
 */
const SHORTEST_SECRET = 6;

/** From this length on, the beginning and the end of a secret are removed as well. */
const SHORTEST_IN_PARTS = 16;
/** Shortest beginning after a public prefix such as `sk-proj-`, and shortest end, in characters. */
const SHORTEST_HEAD = 5;
const SHORTEST_TAIL = 8;
const PUBLIC_NAME = /^(?:[A-Za-z0-9]{2,8}[-_]){0,3}/;
/** Least characters of a masked secret, such as `sk-a****wxyz`, that are shown on both sides together. */
const SHOWN_OF_MASKED = 4;

/** Removes secrets from a text. */
export type Scrub = (text: string) => string;

/** Returns the replacement for a secret of this length. */
type Mark = (length: number) => string;

/**
 * Returns a function that removes these secrets from a provider's answers before they are read, logged, stored or shown. It finds
 * them unchanged, encoded (URL, JSON, base64, hex), and their first and last parts, which providers print beside asterisks or
 * dots.
 */
export function createScrub(secrets: readonly string[], mark: Mark = () => SCRUBBED): Scrub {
  const long = longEnough(secrets);
  const whole = anyOf(long.flatMap(encodings));
  const inParts = shownInParts(long);
  return (text) => {
    const scrubbed = whole === undefined ? text : text.replace(whole, ({ length }) => mark(length));
    return inParts.reduce(
      (left, secret) => scrubEnds(scrubMasked(left, secret, mark), secret, mark),
      scrubbed,
    );
  };
}

/** A replacement with the length of the secret, so that a file keeps its length. */
export const markOfLength: Mark = (length) =>
  length < SCRUBBED.length ? '*'.repeat(length) : SCRUBBED.padEnd(length, '*');

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
  const secretsOfLength = longEnough(secrets);
  const whole = secretsOfLength.flatMap(encodings);
  const inParts = shownInParts(secretsOfLength);
  const short = inParts.flatMap((form) => [
    form.slice(0, SHOWN_OF_MASKED + 1),
    form.slice(-SHORTEST_TAIL),
    ...MASK_BEGINS.map((mask) => form.slice(0, SHOWN_OF_MASKED) + mask),
    ...MASK_ENDS.map((mask) => mask + form.slice(-SHOWN_OF_MASKED)),
  ]);
  const long = inParts.flatMap((form) => [form.slice(0, LONG_TRACE), form.slice(-LONG_TRACE)]);
  return { all: [...new Set([...whole, ...short])], long: [...new Set([...whole, ...long])] };
}

const LONG_TRACE = 16;

function longEnough(secrets: readonly string[]): string[] {
  return [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET);
}

function shownInParts(long: readonly string[]): string[] {
  return [...new Set(long.filter((secret) => secret.length >= SHORTEST_IN_PARTS).flatMap(writtenForms))];
}

/** A pattern of any of these texts, longest first: if one text contains a shorter one, no rest of it remains. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  if (texts.length === 0) return undefined;
  const sorted = [...new Set(texts)].toSorted((one, other) => other.length - one.length);
  return new RegExp(sorted.map(escaped).join('|'), 'g');
}

function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [...writtenForms(secret), ...base64Forms(bytes), hex, hex.toUpperCase()];
}

/**
 * The secret unchanged and encoded for a URL, a form, JSON and HTML: forms with the beginning and end of the secret. Each also as
 * it occurs in a text inside JSON, because secrets are removed before answers are parsed.
 */
function writtenForms(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const form = new URLSearchParams({ _: secret }).toString().slice(2);
  const json = JSON.stringify(secret).slice(1, -1);
  const lowerCase = [url, form].map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  const forms = [secret, url, form, ...lowerCase, json, json.replaceAll('/', String.raw`\/`), html(secret)];
  return [...new Set([...forms, ...forms.map((text) => JSON.stringify(text).slice(1, -1))])];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escaped for HTML, as in error pages. */
function html(secret: string): string {
  return secret.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/**
 * The base64 of the secret after any number of other bytes, as in `Basic` credentials: the characters that do not depend on those
 * bytes.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((all.byteLength * 8) / 6);
    return [all.toString('base64').slice(from, to), all.toString('base64url').slice(from, to)];
  });
}

/** `sk-a****wxyz`, `sk-abcd...`, `…wxyz`; also in UTF-8 bytes that are read as Latin-1. */
const MASK =
  /(?:[*•●·]|\xe2\x80\xa2|\xe2\x97\x8f|\xc2\xb7)+|\.{2,}|(?:…|\xe2\x80\xa6)+|[xX#_]{3,}|[<[](?:redacted|hidden|masked|snip)[>\]]/gi;
const MASK_BEGINS = Array.from('*•●·.…xX#_<[');
const MASK_ENDS = Array.from('*•●·.…xX#_>]');

function scrubMasked(text: string, secret: string, mark: Mark): string {
  let left = '';
  let done = 0;
  for (const { index, 0: mask } of text.matchAll(MASK)) {
    const before = prefixAt(text.slice(Math.max(done, index - secret.length), index), secret);
    const behind = suffixAt(text.slice(index + mask.length, index + mask.length + secret.length), secret);
    if (index < done || before + behind < SHOWN_OF_MASKED) continue;
    left += text.slice(done, index - before) + mark(before + mask.length + behind);
    done = index + mask.length + behind;
  }
  return left + text.slice(done);
}

/** Number of characters at the end of a text that are the first of the secret. */
function prefixAt(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length); length > 0; length -= 1)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}

/** Number of characters at the beginning of a text that are the last of the secret. */
function suffixAt(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length); length > 0; length -= 1)
    if (text.startsWith(secret.slice(-length))) return length;
  return 0;
}

/** Removes first and last parts without a mask, as in a truncated text. */
function scrubEnds(text: string, secret: string, mark: Mark): string {
  return scrubTail(scrubHead(text, secret, mark), secret, mark);
}

function scrubHead(text: string, secret: string, mark: Mark): string {
  const named = PUBLIC_NAME.exec(secret)?.[0].length ?? 0;
  const head = secret.slice(0, Math.max(named + SHORTEST_HEAD, SHORTEST_TAIL));
  let left = '';
  let done = 0;
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, done)) {
    let end = at + head.length;
    while (end < text.length && text[end] === secret[end - at]) end += 1;
    left += text.slice(done, at) + mark(end - at);
    done = end;
  }
  return left + text.slice(done);
}

function scrubTail(text: string, secret: string, mark: Mark): string {
  const tail = secret.slice(-SHORTEST_TAIL);
  let left = '';
  let done = 0;
  for (let at = text.indexOf(tail); at !== -1; at = text.indexOf(tail, done)) {
    let start = at;
    while (start > done && text[start - 1] === secret[secret.length - SHORTEST_TAIL - (at - start) - 1])
      start -= 1;
    left += text.slice(done, start) + mark(at + SHORTEST_TAIL - start);
    done = at + SHORTEST_TAIL;
  }
  return left + text.slice(done);
}

/** `RegExp.escape` is not in Node 22, on which the package runs. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
