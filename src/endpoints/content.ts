import { asWire } from '../provider/wire.ts';
import { isPlain } from './show.ts';

/** The content of a message. */
export interface Content {
  /** Its text parts joined; null if there are none. */
  readonly text: string | null;
  /** The model's refusal, if a part has one. */
  readonly refusal: string | undefined;
  /** True if it has one text part and nothing else. */
  readonly isPlain: boolean;
}

const TEXT_TYPES: ReadonlySet<unknown> = new Set(['text', 'output_text', undefined, null]);
const isTextType = (type: unknown): boolean =>
  TEXT_TYPES.has(typeof type === 'string' ? type.toLowerCase() : type);
const PLAIN_TEXT = new Set(['type', 'text', 'annotations', 'logprobs']);
const PLAIN_REFUSAL = new Set(['type', 'refusal']);

/** Reads a text, a part, or a list of parts. Skips parts of other types, such as a model's thinking. */
export function readContent(content: unknown): Content {
  if (content === undefined || content === null) return { text: null, refusal: undefined, isPlain: true };
  if (typeof content === 'string') return { text: content, refusal: undefined, isPlain: true };
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content];
  const texts = parts.map(textOf).filter((text) => text !== undefined);
  const refusals = parts.map(refusalOf).filter((text) => text !== undefined);
  return {
    text: texts.length === 0 ? null : texts.join(''),
    refusal: refusals.length === 0 ? undefined : refusals.join(''),
    // The text does not show the boundaries between several parts.
    isPlain: parts.length === 1 && parts.every(isPlainPart),
  };
}

function textOf(part: unknown): string | undefined {
  if (typeof part === 'string') return part;
  const { type, text } = asWire(part) ?? {};
  if (!isTextType(type)) return undefined;
  // OpenAI's Assistants API writes `{"value": "…", "annotations": []}`.
  const value = asWire(text)?.['value'] ?? text;
  return typeof value === 'string' ? value : undefined;
}

function refusalOf(part: unknown): string | undefined {
  const { type, refusal } = asWire(part) ?? {};
  return typeof refusal === 'string' && type === 'refusal' ? refusal : undefined;
}

function isPlainPart(part: unknown): boolean {
  const wire = asWire(part);
  if (wire === undefined) return typeof part === 'string';
  if (refusalOf(wire) !== undefined) return isPlain(wire, PLAIN_REFUSAL);
  const { annotations, logprobs } = wire;
  return (
    typeof wire['text'] === 'string' &&
    textOf(wire) !== undefined &&
    isPlain(wire, PLAIN_TEXT) &&
    isEmpty(annotations) &&
    isEmpty(logprobs)
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
