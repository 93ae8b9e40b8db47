import { parseExact } from '../exact-json.ts';
import { readBodyText } from './request-line.ts';

/** Tokens that each message adds to its text. */
const TOKENS_PER_MESSAGE = 4;

/** Tokens that models count for an image or a file in the request. */
const TOKENS_PER_FILE = 800;

/** Letters of alphabets, letters of scripts that write syllables or words, digits, and everything else except spaces. */
const PIECES =
  /([\p{Script=Latin}\p{M}]+)|([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])|(\p{L}[\p{L}\p{M}]*)|(\p{N}+)|([^\s\p{L}\p{N}\p{M}]+)|(\n+)/gu;

/** Latin letters per token. Other alphabets have fewer, because tokenizers were trained on less text in them. */
const LATIN_LETTERS = 6;
const OTHER_LETTERS = 2.5;
const DIGITS = 3;
const SIGNS = 2;

/**
 * Estimates the tokens of a text: splits it as tokenizers do, into words, numbers and signs. For prose it is within a fifth of
 * common models' counts.
 */
export function estimateTextTokens(text: string): number {
  let tokens = 0;
  for (const [piece, latin, ideograph, letters, digits, signs] of text.matchAll(PIECES)) {
    const { length } = piece;
    if (latin !== undefined) tokens += Math.ceil(length / LATIN_LETTERS);
    else if (ideograph !== undefined) tokens += 1;
    else if (letters !== undefined) tokens += Math.ceil(length / OTHER_LETTERS);
    else if (digits !== undefined) tokens += Math.ceil(length / DIGITS);
    else if (signs !== undefined) tokens += Math.ceil(length / SIGNS);
    else tokens += 1;
  }
  return tokens;
}

/** Fields of a body that the model does not read. */
const NOT_READ = new Set(['model', 'role', 'type', 'user', 'metadata', 'encoding_format', 'service_tier']);

/** Fields that the model sees as JSON, with their names. */
const SHOWN_AS_JSON = new Set(['tools', 'functions', 'response_format', 'json_schema']);

/** Estimates the input tokens of a request line: the texts that the model reads, without the JSON around them. */
export function estimateRequestTokens(line: Buffer): number {
  return tokensOf(parseExact(readBodyText(line)));
}

/** Fields that contain a file or its URL. */
const FILES = new Set(['url', 'image_url', 'file_data', 'data', 'file_id']);

function tokensOf(value: unknown, name = ''): number {
  if (typeof value === 'string') return FILES.has(name) ? TOKENS_PER_FILE : estimateTextTokens(value);
  if (Array.isArray(value)) {
    // Texts that are given as tokens.
    if (value.length > 0 && value.every((each) => !isNested(each) && typeof each !== 'string'))
      return value.length;
    return value.reduce<number>((sum, each) => sum + tokensOf(each, name), 0);
  }
  if (!isNested(value)) return 0;
  let tokens = 'role' in value ? TOKENS_PER_MESSAGE : 0;
  for (const [field, inner] of Object.entries(value)) {
    if (SHOWN_AS_JSON.has(field)) tokens += estimateTextTokens(JSON.stringify(inner));
    else if (!NOT_READ.has(field)) tokens += tokensOf(inner, field);
  }
  return tokens;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Number of first requests that are all estimated; after them, one request in {@link ONE_IN} is estimated. */
const FIRST_REQUESTS = 64;
const ONE_IN = 1_024;

/** State of a {@link TokenEstimate} between two calls. */
export type SavedEstimate = readonly [seen: number, bytes: number, tokens: number];

/**
 * Estimates the tokens of many requests from some of them, by their bytes: reading all of them would take as long as building
 * them.
 */
export class TokenEstimate {
  #seen = 0;
  #bytes = 0;
  #tokens = 0;

  static from([seen, bytes, tokens]: SavedEstimate): TokenEstimate {
    const estimate = new TokenEstimate();
    estimate.#seen = seen;
    estimate.#bytes = bytes;
    estimate.#tokens = tokens;
    return estimate;
  }

  save(): SavedEstimate {
    return [this.#seen, this.#bytes, this.#tokens];
  }

  add(line: Buffer): void {
    this.#seen += 1;
    if (this.#seen > FIRST_REQUESTS && this.#seen % ONE_IN !== 0) return;
    this.#bytes += line.length;
    this.#tokens += estimateRequestTokens(line);
  }

  /** Tokens of requests with this total size. */
  total(bytes: number): number {
    return this.#bytes === 0 ? 0 : Math.ceil((this.#tokens * bytes) / this.#bytes);
  }
}
