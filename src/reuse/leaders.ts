import { roundKey, type ShardRef } from '../checkpoints/keys.ts';
import { ownLines } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { HashTable } from './hash-table.ts';
import { digestRequest, RequestHash, requestStart } from './request-hash.ts';
import { setsTemperature } from './temperature.ts';

/** Rows that are remembered: 20 bytes each. Rows behind them are compared with these, and sent when they are like none of them. */
export const MAX_LEADERS = 20_000_000;

/** Rows that may lead others: 28 bytes and more each. A row that would be led by a further one is sent. */
export const MAX_LED = 4_000_000;

/** A row's request line, and its id. */
export interface RequestOfRow {
  readonly customId: string;
  /** The bytes may be reused for the next row. */
  readonly line: Buffer;
}

interface CarriedLeaders {
  dump(): Iterable<Uint8Array>;
  load(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface LeaderRules {
  /** A request that sets a temperature above 0 wants an answer of its own for each row, unless the profile says otherwise. */
  readonly dedupe: 'always' | 'without temperature' | 'never';
}

/**
 * Finds rows of a job whose requests are the same in every byte but the id. The first of them leads: it is sent, and answers for
 * those after it, which follow. A hash finds them, and a digest of the bytes decides: {@link confirm} compares the leaders' bytes
 * once all are written.
 */
export class Leaders {
  /** Hash → position of the row. */
  readonly #seen = new HashTable(1);
  /** Of rows that lead: hash → digest, and whether the leader's bytes are known to have it. */
  readonly #led = new HashTable(DIGEST_WORDS + 1);
  readonly #hash: RequestHash;
  readonly #rules: LeaderRules;
  readonly #maxLed: number;
  #unconfirmed = 0;

  constructor(rules: LeaderRules, hash: RequestHash, maxLed = MAX_LED) {
    this.#maxLed = maxLed;
    this.#rules = rules;
    this.#hash = hash;
  }

  /**
   * The position of the earlier row that has the same request; undefined for a row that is sent, and leads those after it.
   * @param position the row's own, counted from 0
   */
  leaderOf({ customId, line }: RequestOfRow, position: number): number | undefined {
    if (this.#rules.dedupe === 'never') return undefined;
    const hash = this.#hash;
    const start = requestStart(line, customId.length);
    hash.take(line, start);
    const leader = this.#find(hash.high, hash.low, position);
    return leader === undefined ? undefined : this.#follow(line, start, leader);
  }

  /**
   * Whether the row wants an answer of its own, and an earlier row of the job has the same request. True also where too many rows
   * are remembered to know.
   */
  isRepeated({ customId, line }: RequestOfRow, position: number): boolean {
    if (!this.#wantsOwnAnswer(line)) return false;
    if (this.#seen.size >= MAX_LEADERS) return true;
    const { high, low } = this.#takeHash(line, requestStart(line, customId.length));
    return this.#seen.getOrAdd(high, low, position) !== undefined;
  }

  /** Takes a row whose answer is known: it leads, and no request line has its bytes. */
  addAnswered({ customId, line }: RequestOfRow, position: number): void {
    const start = requestStart(line, customId.length);
    const { high, low } = this.#takeHash(line, start);
    if (this.#seen.size >= MAX_LEADERS || this.#led.size >= this.#maxLed) return;
    if (this.#seen.getOrAdd(high, low, position) !== undefined) return;
    this.#led.add(high, low, [...digestRequest(line, start), CONFIRMED]);
  }

  /** Compares the bytes of a shard's leaders with the digest of the rows that follow them. */
  async confirm(store: ObjectStore, ref: ShardRef): Promise<void> {
    const requests = await ownLines(store, roundKey(ref, 1, 'requests.jsonl'));
    for await (const lines of requests ?? []) for (const line of lines) this.confirmLine(line);
  }

  /** Compares the bytes of one row that is sent with the digest of the rows that follow it, if any do. */
  confirmLine(line: Buffer): void {
    const start = requestStart(line);
    const { high, low } = this.#takeHash(line, start);
    const led = this.#led.find(high, low);
    if (led === undefined) return;
    const { words, at } = led;
    if (words[at + DIGEST_WORDS] === CONFIRMED) return;
    if (digestRequest(line, start).some((word, n) => words[at + n] !== word)) return;
    words[at + DIGEST_WORDS] = CONFIRMED;
    this.#unconfirmed -= 1;
  }

  /** Leaders that are not confirmed yet; when all shards are, they only share a hash with the rows that follow them. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** What it holds, for another call of the same build: its hash has the same seed then. */
  get tables(): { readonly seen: HashTable; readonly led: CarriedLeaders } {
    const led = this.#led;
    return {
      seen: this.#seen,
      led: {
        dump: () => led.dump(),
        load: async (chunks) => {
          await led.load(chunks, (value) => {
            if (value[DIGEST_WORDS] !== CONFIRMED) this.#unconfirmed += 1;
          });
        },
      },
    };
  }

  /** The row that has the hash already; otherwise, this one has it from now on. */
  #find(high: number, low: number, position: number): number | undefined {
    const seen = this.#seen;
    if (seen.size < MAX_LEADERS) return seen.getOrAdd(high, low, position);
    const known = seen.find(high, low);
    return known?.words[known.at];
  }

  #follow(line: Buffer, start: number, leader: number): number | undefined {
    if (this.#wantsOwnAnswer(line)) return undefined;
    const { high, low } = this.#hash;
    const led = this.#led.find(high, low);
    if (led === undefined && this.#led.size >= this.#maxLed) return undefined;
    const digest = digestRequest(line, start);
    if (led === undefined) {
      this.#led.add(high, low, [...digest, 0]);
      this.#unconfirmed += 1;
      return leader;
    }
    return digest.every((word, n) => led.words[led.at + n] === word) ? leader : undefined;
  }

  #wantsOwnAnswer(line: Buffer): boolean {
    const { dedupe } = this.#rules;
    return dedupe === 'never' || (dedupe !== 'always' && setsTemperature(line));
  }

  #takeHash(line: Buffer, start: number): RequestHash {
    this.#hash.take(line, start);
    return this.#hash;
  }
}

const DIGEST_WORDS = 4;
const CONFIRMED = 1;
