import { Replacement, type Mark } from './replacement.ts';
import { isRandom, publicName } from './secret-strength.ts';

/** Shortest beginning after a public prefix, and shortest end, in characters. */
const SHORTEST_HEAD = 5;
const SHORTEST_TAIL = 8;
/** Least characters of a masked secret, such as `sk-a****wxyz`, that are shown on both sides together. */
const SHOWN_OF_MASKED = 4;
/** Least number of these characters that must follow the public prefix. */
const SHOWN_OF_RANDOM = 3;

/** Length of the longer search texts. */
const LONG_TRACE = 16;

/** Finds the first and last parts of one form of a random secret. */
export class SecretParts {
  readonly #form: string;
  readonly #named: number;
  /** The shortest beginning and end that no other text has by chance; undefined if there is none. */
  readonly #head: string | undefined;
  readonly #tail: string | undefined;

  constructor(form: string) {
    this.#form = form;
    this.#named = publicName(form).length;
    const lengths = Array.from({ length: form.length }, (_, n) => n + 1);
    const shortestHead = Math.max(this.#named + SHORTEST_HEAD, SHORTEST_TAIL);
    this.#head = lengths
      .map((length) => form.slice(0, length))
      .find((head) => head.length >= shortestHead && isRandom(head.slice(this.#named)));
    this.#tail = lengths
      .map((length) => form.slice(-length))
      .find((tail) => tail.length >= SHORTEST_TAIL && isRandom(tail));
  }

  /** Replaces parts beside a mask, and parts without one, as in a truncated text. */
  scrub(text: string, from: number, mark: Mark): string {
    const unmasked = this.#scrubMasked(new Replacement(text, from, mark));
    const headless = this.#scrubHead(new Replacement(unmasked, from, mark));
    return this.#scrubTail(new Replacement(headless, from, mark));
  }

  /**
   * Search texts. Every text with a part contains at least one of them, unless a mask shows fewer than four characters on one
   * side.
   */
  get traces(): string[] {
    const form = this.#form;
    return [
      form.slice(0, SHOWN_OF_MASKED + 1),
      form.slice(-SHORTEST_TAIL),
      ...MASK_BEGINS.map((mask) => form.slice(0, SHOWN_OF_MASKED) + mask),
      ...MASK_ENDS.map((mask) => mask + form.slice(-SHOWN_OF_MASKED)),
    ];
  }

  get longTraces(): string[] {
    return [this.#form.slice(0, LONG_TRACE), this.#form.slice(-LONG_TRACE)];
  }

  #scrubMasked(into: Replacement): string {
    const { text } = into;
    const { length } = this.#form;
    for (const { index, 0: mask } of text.matchAll(MASK)) {
      const end = index + mask.length;
      const before = prefixAt(text.slice(Math.max(into.done, index - length), index), this.#form);
      const behind = suffixAt(text.slice(end, end + length), this.#form);
      if (this.#isShown(before, behind)) into.replace(index - before, end + behind);
    }
    return into.finish();
  }

  /** True if the shown characters of the beginning and the end are the secret's, and not there by chance. */
  #isShown(before: number, behind: number): boolean {
    const shown = this.#form.slice(this.#named, Math.max(this.#named, before));
    const ending = this.#form.slice(this.#form.length - behind);
    const isEnough = before + behind >= SHOWN_OF_MASKED && shown.length + behind >= SHOWN_OF_RANDOM;
    return isEnough && /\D/.test(shown + ending);
  }

  #scrubHead(into: Replacement): string {
    const { text } = into;
    const head = this.#head;
    if (head === undefined) return text;
    for (let at = text.indexOf(head); at !== -1;) {
      let end = at + head.length;
      while (end < text.length && text[end] === this.#form[end - at]) end += 1;
      into.replace(at, end);
      at = text.indexOf(head, end);
    }
    return into.finish();
  }

  #scrubTail(into: Replacement): string {
    const { text } = into;
    const tail = this.#tail;
    if (tail === undefined) return text;
    const before = this.#form.length - tail.length;
    for (let at = text.indexOf(tail); at !== -1; at = text.indexOf(tail, at + tail.length)) {
      let start = at;
      while (start > into.done && text[start - 1] === this.#form[before - (at - start) - 1]) start -= 1;
      into.replace(start, at + tail.length);
    }
    return into.finish();
  }
}

/** The mask in `sk-a****wxyz`, `sk-abcd...` or `…wxyz`, also as UTF-8 bytes that are read as Latin-1. */
const MASK =
  /(?:[*•●·]|\xe2\x80\xa2|\xe2\x97\x8f|\xc2\xb7)+|\.{2,}|(?:…|\xe2\x80\xa6)+|[xX#_]{3,}|[<[](?:redacted|hidden|masked|snip)[>\]]/gi;
const MASK_BEGINS = Array.from('*•●·.…xX#_<[');
const MASK_ENDS = Array.from('*•●·.…xX#_>]');

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
