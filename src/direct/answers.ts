import { readCustomId } from '../jsonl/custom-id.ts';
import { ownLines } from '../jsonl/own-lines.ts';
import { roundKey, type ShardRef } from '../checkpoints/keys.ts';
import type { DirectAnswer } from '../provider/batch-provider.ts';
import { escapeLineSeparators } from '../jsonl/json-line.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Bytes of a piece. A piece is rewritten with each answer until it has this size, so a crash loses only answers in flight. */
const PIECE_BYTES = 262_144;

const pieceKey = (ref: ShardRef, round: number, piece: number): string =>
  roundKey(ref, round, `answers-${String(piece).padStart(5, '0')}.jsonl`);

/** An answer in the form of a line in a batch's output file, with a newline. */
export function answerLine(
  customId: string,
  { status, body }: Pick<DirectAnswer, 'status' | 'body'>,
): string {
  const line = `{"custom_id":${JSON.stringify(customId)},"response":{"status_code":${status},"body":${body}},"error":null}`;
  return `${escapeLineSeparators(line)}\n`;
}

/** The answers of a round that is sent direct, in pieces of a provider's output file. */
export class Answers {
  readonly #store: ObjectStore;
  readonly #ref: ShardRef;
  readonly #round: number;
  #piece: number;
  #content: string = '';
  #pending = '';
  #writing: Promise<void> = Promise.resolve();

  private constructor(store: ObjectStore, ref: ShardRef, round: number, piece: number) {
    this.#store = store;
    this.#ref = ref;
    this.#round = round;
    this.#piece = piece;
  }

  /** Continues after the existing pieces. Also returns the custom_ids of their answers. */
  static async open(
    store: ObjectStore,
    ref: ShardRef,
    round: number,
  ): Promise<{ answers: Answers; answered: Set<string> }> {
    const answered = new Set<string>();
    let piece = 0;
    for (; ; piece += 1) {
      const lines = await ownLines(store, pieceKey(ref, round, piece));
      if (lines === undefined) break;
      for await (const some of lines) for (const line of some) answered.add(readCustomId(line));
    }
    return { answers: new Answers(store, ref, round, piece), answered };
  }

  /** Resolves once the line is stored. Lines that arrive during a write are written together. */
  add(line: string): Promise<void> {
    this.#pending += line;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#pending === '') return;
    const isNew = this.#content === '';
    this.#content += this.#pending;
    this.#pending = '';
    await (isNew ? this.#begin() : this.#store.put(this.#key(), this.#content));
    if (Buffer.byteLength(this.#content) < PIECE_BYTES) return;
    this.#piece += 1;
    this.#content = '';
  }

  /**
   * Begins a piece. Never overwrites an existing one: it may come from an earlier pass that seemed to have ended and still runs.
   */
  async #begin(): Promise<void> {
    while (!(await this.#store.createIfAbsent(this.#key(), this.#content))) this.#piece += 1;
  }

  #key(): string {
    return pieceKey(this.#ref, this.#round, this.#piece);
  }
}

/**
 * Joins a round's pieces into its output file, from which it is collected as if a batch had ended.
 * @returns false when there are no answers
 */
export async function joinAnswers(store: ObjectStore, ref: ShardRef, round: number): Promise<boolean> {
  const key = roundKey(ref, round, 'output.jsonl');
  if ((await store.stat(key)) !== undefined) return true;
  const pieces: string[] = [];
  while ((await store.stat(pieceKey(ref, round, pieces.length))) !== undefined)
    pieces.push(pieceKey(ref, round, pieces.length));
  if (pieces.length === 0) return false;
  await store.concat(key, pieces);
  return true;
}
