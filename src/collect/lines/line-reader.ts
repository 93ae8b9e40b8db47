import type { Usage } from '../../checkpoints/counts.ts';
import type { Asked } from '../../endpoints/endpoint.ts';
import { numberText } from '../../exact-json.ts';
import { readAnswer } from '../../jsonl/answer-json.ts';
import { asWire, type Wire } from '../../provider/wire.ts';
import type { AnswerEnd } from './answer-end.ts';
import { classifyLine, type LineRules, type Verdict } from './classify-line.ts';
import { withResponse } from './line-shape.ts';

/** A line of a provider's file. */
export interface ProviderLine {
  readonly bytes: Buffer;
  /** True if the bytes are valid UTF-8. */
  readonly isUtf8: boolean;
}

/**
 * The result of a row, according to its line. An answer may be returned as a {@link RenderableAnswer}, which renders its result
 * line later.
 */
export type LineVerdict = Verdict | RenderableAnswer;

/** An answer whose result line is rendered from the bytes of the provider's line. */
export interface RenderableAnswer {
  readonly kind: 'ok';
  /** Renders the result line. Call it before the next line is read, because that reuses the memory of both lines. */
  render(): CountedLine;
  /**
   * Notes where the line's values are, so that {@link LineReader.readOf} need not search for them. Call it before the next line is
   * read. Returns undefined if there is no room for more notes.
   */
  note(): number | undefined;
}

/** A result line with its newline and the usage of its answer. */
export interface CountedLine {
  readonly line: Buffer;
  readonly model: string | undefined;
  readonly end: AnswerEnd | undefined;
  readonly usage: Usage;
}

/** A line whose row is not known yet. */
export interface ReadLine {
  /** The line's custom_id; absent if it has no readable one. */
  readonly id: string | undefined;
  /** Undefined if the line is not a JSON object, or no row has its id. */
  readonly verdict: LineVerdict | undefined;
  /** True if the line is not a JSON object. */
  readonly isText?: boolean;
}

/**
 * Reads the lines of a provider's files. {@link RuleLines} parses each line; a faster implementation returns the same verdicts
 * and result lines.
 */
export interface LineReader {
  /**
   * Reads a line whose row is unknown so far.
   * @param askedOf returns the parts of the request with this id that its answer must match; undefined if there is no such
   * request
   */
  read(line: ProviderLine, askedOf: (id: string) => Asked | undefined): ReadLine;
  /**
   * Reads a line of a known row, whatever its id is. Returns undefined if it is not a JSON object.
   * @param note the note of the same line and request
   */
  readOf(line: ProviderLine, asked: Asked, note?: number): LineVerdict | undefined;
}

/** Reads lines by the rules: parses them and classifies their content. */
export class RuleLines implements LineReader {
  readonly #rules: LineRules;

  constructor(rules: LineRules) {
    this.#rules = rules;
  }

  read({ bytes }: ProviderLine, askedOf: (id: string) => Asked | undefined): ReadLine {
    const line = parseLine(bytes);
    const id = readId(line);
    const asked = id === undefined ? undefined : askedOf(id);
    if (line === undefined || asked === undefined)
      return { id, verdict: undefined, isText: line === undefined };
    return { id, verdict: classifyLine(withResponse(line), this.#rules, asked) };
  }

  readOf({ bytes }: ProviderLine, asked: Asked): Verdict | undefined {
    const line = parseLine(bytes);
    return line && classifyLine(withResponse(line), this.#rules, asked);
  }
}

/** Our ids are strings. A program that converts `"17"` to a number may return 17. */
function readId(line: Wire | undefined): string | undefined {
  const id = line?.['custom_id'];
  return typeof id === 'string' ? id : numberText(id);
}

/**
 * Parses a line as an object. Invalid UTF-8 is replaced, so that the row is not lost. Marks of other formats around the object are
 * removed: record separators, NUL bytes that fill a file, the comma of a list, the name of a field of an event stream, the quotes
 * of a JSON string.
 */
export function parseLine(bytes: Buffer): Wire | undefined {
  const text = bytes.toString('utf8');
  return tryObject(text) ?? tryObject(text.replaceAll(AROUND, ''));
}

// oxlint-disable-next-line no-control-regex -- NUL and RS are the marks.
const AROUND = /^(?:[\s\0\u001e,[]|data:)+|[\s\0\u001e,;\]]+$/g;

function tryObject(text: string): Wire | undefined {
  try {
    const value = readAnswer(text);
    return asWire(typeof value === 'string' ? readAnswer(value) : value);
  } catch {
    return undefined;
  }
}
