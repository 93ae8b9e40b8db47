import type { UnreadableLine } from '../../../checkpoints/round/collected.ts';
import { idInText, idUnderOtherName } from '../../lines/line-shape.ts';
import type { Wire } from '../../../provider/wire.ts';
import { ChangedIds } from './changed-ids.ts';
import type { Scratch } from '../files/scratch.ts';

/** A result line whose id matches no row. */
export interface Stray {
  readonly file: Scratch;
  readonly name: 'output' | 'errors';
  /** True if its file belongs to a twin. */
  readonly isTwin: boolean;
  /** 1-based. */
  readonly number: number;
  readonly start: number;
  /** 0 for a line that exceeds the limit. */
  readonly length: number;
  /** Its custom_id, if it has a readable one. */
  readonly id: string | undefined;
}

/** The row that a stray line belongs to. */
export type Traced =
  | { readonly kind: 'row'; readonly ordinal: number; readonly line: Wire }
  | { readonly kind: 'unknown'; readonly id: string }
  | {
      readonly kind: 'unreadable';
      readonly ordinal: number | undefined;
      readonly unreadable: UnreadableLine;
    };

const EXCERPT_CHARACTERS = 200;

/** How much of a line that is not JSON is searched for an id, in bytes. */
const HEAD_BYTES = 4_096;

/** Stray lines that are kept in addition to the number of rows. */
const SPARE_STRAYS = 1_000;

/** Stray lines, until all lines of a round are known. Keeps as many as the round has rows, and some more. */
export class KeptStrays {
  readonly #most: number;
  #strays: Stray[] = [];

  /** @param rows number of rows of the round */
  constructor(rows: number) {
    this.#most = rows + SPARE_STRAYS;
  }

  /** Returns false if there is no room for the line. */
  keep(stray: Stray): boolean {
    if (this.#strays.length >= this.#most) return false;
    this.#strays.push(stray);
    return true;
  }

  /** Returns the kept lines, and forgets them. */
  take(): readonly Stray[] {
    const strays = this.#strays;
    this.#strays = [];
    return strays;
  }
}

/** Identifies stray lines once all lines of a round are known. */
export class StrayLines {
  readonly #ordinals: ReadonlyMap<string, number>;
  readonly #parse: (bytes: Buffer) => Wire | undefined;
  readonly #changed: ChangedIds;
  readonly #longest: number;

  /** @param longest length of the longest id that any line has */
  constructor(
    ordinals: ReadonlyMap<string, number>,
    parse: (bytes: Buffer) => Wire | undefined,
    longest: number,
  ) {
    this.#ordinals = ordinals;
    this.#parse = parse;
    this.#changed = new ChangedIds([...ordinals.keys()]);
    this.#longest = longest;
  }

  trace(stray: Stray): Traced {
    const { file, start, length } = stray;
    const line = length === 0 ? undefined : this.#parse(file.read(start, length));
    if (line === undefined) return this.#traceUnreadable(stray);
    const id = stray.id ?? idUnderOtherName(line, (text) => this.#ordinals.has(text));
    const ordinal = id === undefined ? undefined : this.#find(id);
    if (ordinal !== undefined) return { kind: 'row', ordinal, line };
    return id === undefined ? this.#traceUnreadable(stray) : { kind: 'unknown', id };
  }

  #traceUnreadable({ file, name, number, start, length }: Stray): Traced {
    const head = file.head(start, length === 0 ? HEAD_BYTES : Math.min(length, HEAD_BYTES)).toString('utf8');
    const id = idInText(head);
    const excerpt = head.slice(0, EXCERPT_CHARACTERS);
    const unreadable = { file: name, line: number, excerpt };
    return { kind: 'unreadable', ordinal: id === undefined ? undefined : this.#find(id), unreadable };
  }

  #find(id: string): number | undefined {
    return this.#ordinals.get(id) ?? this.#changed.find(id, this.#longest);
  }
}
