import { numberListEnd } from './byte-scanner.ts';
import { numberEnd, quotedNumberEnd, textEnd } from './scan.ts';

/**
 * The common form of JSON lines in a file: fixed bytes, with slots between them for values that differ between lines. Files are
 * written by programs, so a few shapes match all of their lines.
 */
export interface Shape {
  /** One entry more than there are slots. */
  readonly literals: readonly Buffer[];
  readonly slots: readonly SlotKind[];
}

export type SlotKind = 'text' | 'number' | 'quotedNumber' | 'vector';

/** Most slots of a shape. A shape for lines with more slots would save nothing, and such lines are not rows of a table. */
const MAX_SLOTS = 64;

/** Longest line to learn from, in bytes: on strings of millions of characters the pattern below overflows the stack. */
const MAX_LEARNED_BYTES = 1_048_576;

/** Arrays with at least this many numbers become one slot. */
const MIN_VECTOR = 8;

const TOKEN = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:]|\s+/gs;

export interface Learn {
  /** Keys whose values are fixed parts of the shape, because processing depends on them. */
  readonly fixed: ReadonlySet<string>;
  /** Kinds of values that become slots. A vector is copied as it came, not as `JSON.stringify` would write it. */
  readonly kinds: ReadonlySet<SlotKind>;
  /** Keys whose texts are numbers if they can be read as numbers; otherwise they are fixed parts of the shape. */
  readonly counted?: ReadonlySet<string>;
}

/** The shape of a line that is a JSON value in valid UTF-8; `undefined` if a shape would save nothing. */
export function learnShape(line: Buffer, { fixed, kinds, counted }: Learn): Shape | undefined {
  if (line.length > MAX_LEARNED_BYTES) return undefined;
  // One character per byte, so that positions stay the same.
  const tokens = line.toString('latin1').match(TOKEN) ?? [];
  const literals: Buffer[] = [];
  const slots: SlotKind[] = [];
  let key = '';
  let from = 0;
  let at = 0;
  const cut = (kind: SlotKind, start: number, end: number): void => {
    literals.push(Buffer.from(line.subarray(from, start)));
    slots.push(kind);
    from = end;
  };
  for (let n = 0; n < tokens.length; n += 1) {
    const token = tokens[n] ?? '';
    const isKey = token.startsWith('"') && /^\s*:/.test(tokens.slice(n + 1, n + 3).join(''));
    if (isKey) key = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
    else if (token === '[') {
      const end = numberListEnd(line, at + 1);
      if (
        end !== -1 &&
        kinds.has('vector') &&
        !fixed.has(key) &&
        isVector(line.toString('latin1', at, end + 1))
      ) {
        cut('vector', at + 1, end);
        while (at + (tokens[n] ?? '').length <= end) {
          at += (tokens[n] ?? '').length;
          n += 1;
        }
      }
    } else if (!fixed.has(key)) {
      const kind = kindOf(line, at, token, kinds);
      const quote = kind === 'number' ? 0 : 1;
      const isOddNumber = kind === 'text' && counted?.has(key) === true;
      if (kind !== undefined && !isOddNumber) cut(kind, at + quote, at + token.length - quote);
    }
    at += (tokens[n] ?? '').length;
  }
  if (slots.length === 0 || slots.length > MAX_SLOTS) return undefined;
  literals.push(Buffer.from(line.subarray(from)));
  return { literals, slots };
}

function kindOf(line: Buffer, at: number, token: string, kinds: ReadonlySet<SlotKind>): SlotKind | undefined {
  const quote = token.startsWith('"') ? 1 : 0;
  const candidates: readonly SlotKind[] = quote === 1 ? ['quotedNumber', 'text'] : ['number'];
  const end = at + token.length - quote;
  return candidates.find((kind) => kinds.has(kind) && slotEnd(kind, line, at + quote) === end);
}

function isVector(text: string): boolean {
  const value = JSON.parse(text) as unknown[];
  return value.length >= MIN_VECTOR;
}

/** The end of a slot's value. A look-up of the function by its name takes 20 ns, as long as reading a short text. */
function slotEnd(kind: SlotKind, line: Buffer, from: number): number {
  switch (kind) {
    case 'text':
      return textEnd(line, from);
    case 'number':
      return numberEnd(line, from);
    case 'quotedNumber':
      return quotedNumberEnd(line, from);
    case 'vector':
      return numberListEnd(line, from);
  }
}

/**
 * True if a line has the shape; then sets its slots: `spans[2 * n]` to `spans[2 * n + 1]` for slot n, without quotes or brackets.
 * 1 ns per byte.
 */
export function matchShape({ literals, slots }: Shape, line: Buffer, spans: Int32Array): boolean {
  let at = 0;
  for (let n = 0; ; n += 1) {
    const literal = literals[n] as Buffer;
    for (let byte = 0; byte < literal.length; byte += 1) {
      if (line[at + byte] !== literal[byte]) return false;
    }
    at += literal.length;
    if (n === slots.length) return at === line.length;
    spans[2 * n] = at;
    at = slotEnd(slots[n] as SlotKind, line, at);
    if (at === -1) return false;
    spans[2 * n + 1] = at;
  }
}

/** Builds a JSON line of the shape with other values in its slots. */
export function fillShape({ literals, slots }: Shape, values: readonly string[]): string {
  return literals
    .map((literal, n) => `${literal.toString('utf8')}${n < slots.length ? values[n] : ''}`)
    .join('');
}
