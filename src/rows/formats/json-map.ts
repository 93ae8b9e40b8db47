import { isFields } from '../../endpoints/ask.ts';
import { InvalidInput } from '../../errors.ts';
import { quoted } from '../../text/did-you-mean.ts';
import type { JsonRow } from '../row.ts';
import type { ReadOptions } from './format.ts';

/** Bytes of entries that are read to distinguish a row from a map of prompts. */
const UNDECIDED_BYTES = 1_000_000;

/** An entry of an object, with its value as text. */
interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly text: string;
}

/** Reads the entries of a document that is an object: either one row, or prompts by id. */
export class PromptMap {
  readonly #options: ReadOptions;
  #kind: 'undecided' | 'row' | 'map' = 'undecided';
  #held: Entry[] = [];
  #heldBytes = 0;
  #ordinal = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** The rows that are certain after these entries. */
  take(texts: readonly Buffer[]): JsonRow[] {
    const { name, maxRowBytes, rowFields, reading } = this.#options;
    for (const bytes of texts) {
      const entry = readEntry(bytes.toString('utf8'), name);
      this.#held.push(entry);
      this.#heldBytes += bytes.length;
      if (this.#kind === 'undecided' && rowFields?.has(entry.key) === true) {
        this.#kind = 'row';
        reading.note(`Read as one row, and not as prompts by their ids: it has ${quoted(entry.key)}.`);
      }
    }
    if (this.#kind === 'row' && this.#heldBytes > maxRowBytes)
      throw new InvalidInput(`${name} has a row of more than ${maxRowBytes} bytes.`);
    if (this.#kind === 'undecided' && this.#heldBytes > UNDECIDED_BYTES) this.#kind = 'map';
    return this.#kind === 'map' ? this.#flush() : [];
  }

  /** The remaining rows when the object has ended. */
  end(): JsonRow[] {
    if (this.#kind !== 'row') return this.#flush();
    const text = `{${this.#held.map((entry) => `${JSON.stringify(entry.key)}:${entry.text}`).join(',')}}`;
    return [{ kind: 'json', line: 1, json: Buffer.from(text) }];
  }

  #flush(): JsonRow[] {
    const entries = this.#held;
    this.#held = [];
    return entries.map((entry) => {
      const key = keyOfRows(entry, this.#options.rowFields);
      if (key !== undefined) throw wrapper(this.#options.name, key);
      this.#ordinal += 1;
      return { kind: 'json', line: this.#ordinal, json: Buffer.from(withId(entry)) };
    });
  }

  /**
   * Rejects an object that only wraps an array of rows: `{"rows": [{…`.
   * @throws InvalidInput when the text begins an array of rows under a key, which would be too long to read
   */
  rejectWrapper(start: Buffer): void {
    const [, key] = /^\s*("(?:[^"\\]|\\.)*")\s*:\s*\[\s*\{/.exec(start.toString('utf8')) ?? [];
    if (key !== undefined && this.#kind === 'undecided')
      throw wrapper(this.#options.name, JSON.parse(key) as string);
  }
}

/** The key of a document's rows: that of an entry that is not a row but contains rows, directly or in one of its fields. */
function keyOfRows({ key, value }: Entry, rowFields: ReadonlySet<string> = new Set()): string | undefined {
  if (holdsRows(value)) return key;
  const isRow = (each: unknown): boolean =>
    isFields(each) && Object.keys(each).some((name) => rowFields.has(name));
  if (!isFields(value) || isRow(value)) return undefined;
  const [inner] = Object.entries(value).find(([, each]) => holdsRows(each) || isRow(each)) ?? [];
  return inner === undefined ? undefined : isRow(value[inner]) ? key : `${key}.${inner}`;
}

/** True for an array of objects, except the messages of one row, which have roles. */
function holdsRows(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [first] = value as unknown[];
  return first === undefined || (isFields(first) && !('role' in first));
}

function wrapper(name: string, key: string): InvalidInput {
  return new InvalidInput(
    `${name} is an object that holds rows under ${quoted(key)}. Expected are an array of rows, [ {…}, {…} ], one row, or one object of {"<custom_id>": "<prompt>"}: put the rows alone into the file.`,
  );
}

function readEntry(text: string, name: string): Entry {
  const from = text.indexOf('"');
  const behind = stringEnd(text, from);
  const colon = text.indexOf(':', behind);
  try {
    if (from === -1 || `${text.slice(0, from)}${text.slice(behind, colon)}`.trim() !== '')
      throw new SyntaxError();
    const value = text.slice(colon + 1).trim();
    return { key: JSON.parse(text.slice(from, behind)) as string, value: JSON.parse(value), text: value };
  } catch {
    throw new InvalidInput(
      `${name} is not one JSON array of rows, and not one JSON object of {"<custom_id>": "<prompt>"}. ` +
        'For a row per line, name the file ".jsonl".',
    );
  }
}

/** The end of a JSON string with its quote. Does not use a regular expression, because the string may be too long for one. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The row of an entry: a prompt, or an object that is a row without its id. */
function withId({ key, value, text }: Entry): string {
  const id = `"custom_id":${JSON.stringify(key)}`;
  if (!isFields(value)) return `{${id},"prompt":${text}}`;
  // The id is added last, because the last of two fields with the same name counts.
  const fields = text.slice(1, -1).trim();
  return fields === '' ? `{${id}}` : `{${fields},${id}}`;
}
