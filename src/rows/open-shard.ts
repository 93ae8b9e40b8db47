import type { RowProblem, ShardPlan } from '../checkpoints/plan.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { ShardLimits } from '../checkpoints/profile.ts';
import { roundKey, shardKey, type ShardRef } from '../checkpoints/keys.ts';
import type { ObjectStore, ObjectWriter } from '../store/object-store.ts';
import type { SavedShard } from './build-state.ts';
import { invalidDeadLetter, invalidResultLine } from './dead-letter.ts';
import type { ReadRow, UnreadableRow } from './row.ts';
import { shardHasRoom, shardHasRoomUnsent } from './shard-room.ts';

/** A request line with its newline, and its number of texts to embed. */
export interface RequestToWrite {
  readonly line: Buffer;
  readonly inputs: number;
}

/** A row that is not sent. */
export interface KnownRow {
  /**
   * `answered`: the line is its result line, from a sample; `reused`: the same, from an earlier job; `deduplicated`: the line
   * names the row that answers it.
   */
  readonly kind: 'answered' | 'reused' | 'deduplicated';
  /** With its newline. */
  readonly line: Buffer;
}

/** The files of one shard while rows are added. */
export class OpenShard {
  readonly #store: ObjectStore;
  readonly #ref: ShardRef;
  readonly #requests: ObjectWriter;
  /** Round 0, written only for shards with rows that are not sent. */
  #results: ObjectWriter | undefined;
  #deadLetters: ObjectWriter | undefined;
  readonly #sources: ObjectWriter | undefined;
  #sent = 0;
  #inputs = 0;
  #invalid = 0;
  #known = { answered: 0, reused: 0, deduplicated: 0 };
  /** Sent rows since the last row that is not sent. */
  #sentBehindInvalid = 0;

  constructor(store: ObjectStore, ref: ShardRef, tellsSources: boolean) {
    this.#store = store;
    this.#ref = ref;
    this.#sources = tellsSources ? store.write(shardKey(ref, 'sources.jsonl')) : undefined;
    this.#requests = store.write(roundKey(ref, 1, 'requests.jsonl'));
  }

  takes({ line, inputs }: RequestToWrite, limits: ShardLimits): boolean {
    const held = { sent: this.#sent, bytes: this.#requests.bytes, inputs: this.#inputs };
    return shardHasRoom(held, { bytes: line.length, inputs }, limits);
  }

  takesUnsent(limits: ShardLimits): boolean {
    const held = { invalid: this.#invalid, ...this.#known, unsentBytes: this.#results?.bytes ?? 0 };
    return shardHasRoomUnsent(held, limits);
  }

  addRequest({ line, inputs }: RequestToWrite, source: RowSource): Promise<void> | undefined {
    this.#sent += 1;
    this.#inputs += inputs;
    if (this.#results !== undefined) this.#sentBehindInvalid += 1;
    const taken = this.#requests.write(line);
    return this.#sources === undefined
      ? taken
      : both(taken, this.#sources.write(`${JSON.stringify(source)}\n`));
  }

  async addInvalid(problem: RowProblem, row: ReadRow | UnreadableRow, source: RowSource): Promise<void> {
    await this.#sources?.write(`${JSON.stringify(source)}\n`);
    if (this.#results === undefined) this.#openRoundZero();
    this.#invalid += 1;
    await this.#writeSent();
    await this.#results?.write(invalidResultLine(problem));
    await this.#deadLetters?.write(invalidDeadLetter(problem, row));
  }

  async addKnown({ kind, line }: KnownRow, source: RowSource): Promise<void> {
    await this.#sources?.write(`${JSON.stringify(source)}\n`);
    if (this.#results === undefined) this.#openRoundZero();
    this.#known[kind] += 1;
    await this.#writeSent();
    await this.#results?.write(line);
    await this.#deadLetters?.write('\n');
  }

  async close(): Promise<ShardPlan> {
    await this.#requests.close();
    await this.#sources?.close();
    await this.#writeSent();
    await this.#results?.close();
    await this.#deadLetters?.close();
    const [requests, invalid] = [this.#sent, this.#invalid];
    const { answered, reused, deduplicated } = this.#known;
    return {
      rows: requests + invalid + answered + reused + deduplicated,
      invalid,
      ...(answered > 0 && { answered }),
      ...(reused > 0 && { reused }),
      ...(deduplicated > 0 && { deduplicated }),
      requests,
      bytes: this.#requests.bytes,
      ...this.#otherFiles(),
    };
  }

  #otherFiles(): Pick<ShardPlan, 'files'> {
    const others = this.#files().filter(({ name }) => name !== 'requests');
    if (others.length === 0) return {};
    return { files: Object.fromEntries(others.map(({ name, writer }) => [name, writer.bytes])) };
  }

  async suspend(): Promise<SavedShard> {
    const files = this.#files();
    for (const { writer } of files) await writer.close();
    const [sent, inputs, invalid] = [this.#sent, this.#inputs, this.#invalid];
    const bytes = Object.fromEntries(files.map(({ name, writer }) => [name, writer.bytes]));
    const sentBehindInvalid = this.#sentBehindInvalid;
    return { sent, inputs, invalid, ...this.#known, sentBehindInvalid, bytes: bytes as SavedShard['bytes'] };
  }

  /** Restores the shard's files to their suspended state; a failed call may have added to them. */
  async resume({ bytes, ...counts }: SavedShard): Promise<void> {
    if (bytes.results !== undefined) this.#openRoundZero();
    for (const { name, key, writer } of this.#files())
      await copyStart(this.#store, { key, end: bytes[name] ?? 0 }, writer);
    this.#sent = counts.sent;
    this.#inputs = counts.inputs;
    this.#invalid = counts.invalid;
    const { answered, reused = 0, deduplicated } = counts;
    this.#known = { answered, reused, deduplicated };
    this.#sentBehindInvalid = counts.sentBehindInvalid;
  }

  #files(): ShardFileWriter[] {
    const ref = this.#ref;
    const files = [
      { name: 'requests', key: roundKey(ref, 1, 'requests.jsonl'), writer: this.#requests },
      { name: 'sources', key: shardKey(ref, 'sources.jsonl'), writer: this.#sources },
      { name: 'results', key: roundKey(ref, 0, 'results.jsonl'), writer: this.#results },
      { name: 'deadLetters', key: roundKey(ref, 0, 'dead-letters.jsonl'), writer: this.#deadLetters },
    ] as const;
    return files.flatMap(({ writer, ...file }) => (writer === undefined ? [] : [{ ...file, writer }]));
  }

  async abort(): Promise<void> {
    await this.#requests.abort();
    await this.#sources?.abort();
    await this.#results?.abort();
    await this.#deadLetters?.abort();
  }

  #openRoundZero(): void {
    this.#results = this.#store.write(roundKey(this.#ref, 0, 'results.jsonl'));
    this.#deadLetters = this.#store.write(roundKey(this.#ref, 0, 'dead-letters.jsonl'));
    this.#sentBehindInvalid = this.#sent;
  }

  /** Writes an empty line in both files for every sent row since the last invalid one. */
  async #writeSent(): Promise<void> {
    if (this.#sentBehindInvalid === 0) return;
    const empty = '\n'.repeat(this.#sentBehindInvalid);
    this.#sentBehindInvalid = 0;
    await this.#results?.write(empty);
    await this.#deadLetters?.write(empty);
  }
}

/** Error for a file of an unfinished shard with other bytes than were saved, because two calls have written it. */
export class OtherShardFile extends Error {
  override readonly name = 'OtherShardFile';
}

interface ShardFileWriter {
  readonly name: keyof SavedShard['bytes'];
  readonly key: string;
  readonly writer: ObjectWriter;
}

async function copyStart(
  store: ObjectStore,
  { key, end }: { readonly key: string; readonly end: number },
  writer: ObjectWriter,
): Promise<void> {
  if (end === 0) return;
  const object = await store.open(key, { end });
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  try {
    for await (const chunk of object.body) await writer.write(chunk);
  } finally {
    object.close();
  }
  if (writer.bytes !== end)
    throw new OtherShardFile(`${store.locate(key)} has ${writer.bytes} bytes where ${end} were written.`);
}

function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Promise.all([one, other]).then(() => undefined);
}
