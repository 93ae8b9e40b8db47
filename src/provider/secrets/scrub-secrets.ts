/** The replacement of a secret in texts. */
export const SCRUBBED = '[secret]';

/** Shorter texts are words: to take them out of every message would say more than it hides. */
const SHORTEST_SECRET = 6;

/** From this length on, the beginning and the end of a secret are also removed. */
const SHORTEST_IN_PARTS = 16;
/** Characters of a beginning that are no public name, as in `sk-proj-`, and of an end. */
const SHORTEST_HEAD = 5;
const SHORTEST_TAIL = 8;
const PUBLIC_NAME = /^(?:[A-Za-z0-9]{2,8}[-_]){0,3}/;
/** Characters that are left of a secret that is masked, such as `sk-a****wxyz`, at both sides together. */
const SHOWN_OF_MASKED = 4;

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string;

/** The replacement of a secret of this length. */
type Mark = (length: number) => string;

/**
 * Makes what takes these secrets out of whatever a provider answers, before it is read, logged, kept or shown: as they are,
 * encoded for URLs, JSON, base64 or hex, and their first and last parts, which providers print beside asterisks or dots.
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

/** A mark that is as long as what it stands for, so that a file keeps its length. */
export const markOfLength: Mark = (length) =>
  length < SCRUBBED.length ? '*'.repeat(length) : SCRUBBED.padEnd(length, '*');

/** Texts of which one is in a text that {@link createScrub} changes; they may be in others, too. */
export interface Traces {
  /** In every such text, but where less than four characters of a secret are left on one side of a mask. */
  readonly all: readonly string[];
  /** In those that show a secret as a whole, or sixteen characters of its beginning or end: long texts are found faster. */
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

/** Longest first, so that nothing is left of one that holds another. */
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
 * As it is, in an address, in a form, in JSON and in HTML: forms whose beginning and end are those of the secret. Each also as it stands in
 * a text that is itself within JSON, since answers are freed of secrets before they are parsed.
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

/** As pages of errors show it. */
function html(secret: string): string {
  return secret.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Base64 of the secret behind any number of other bytes, as in `Basic` credentials: the characters that do not depend on those. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((all.byteLength * 8) / 6);
    return [all.toString('base64').slice(from, to), all.toString('base64url').slice(from, to)];
  });
}

/** `sk-a****wxyz`, `sk-abcd...`, `…wxyz`; also as bytes of UTF-8 that are read as Latin-1. */
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

/** How many characters at a text's end are the first of the secret. */
function prefixAt(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length); length > 0; length -= 1)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}

/** How many characters at a text's beginning are the last of the secret. */
function suffixAt(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length); length > 0; length -= 1)
    if (text.startsWith(secret.slice(-length))) return length;
  return 0;
}

/** First and last parts without a mask: a text that was cut off. */
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
