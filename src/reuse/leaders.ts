import { roundKey, type ShardRef } from '../checkpoints/keys.ts';
import { ownLines } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { HashTable } from './hash-table.ts';
import { digestRequest, RequestHash, requestStart } from './request-hash.ts';
import { setsTemperature } from './temperature.ts';

/** Most rows to remember, at 20 bytes each. Later rows are compared with these; those without a match are sent. */
export const MAX_LEADERS = 20_000_000;

/** Most rows that may lead others, at 28 bytes or more each. Beyond it, rows that would follow a new leader are sent. */
export const MAX_LED = 4_000_000;

/** Factor by which a full part of the table of rows grows: at most 22.4 bytes per row, where a factor of 2 takes up to 32. */
const SEEN_GROWTH = 1.4;

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
  /** A request with a temperature above 0 gets a separate answer for each row, unless the profile says otherwise. */
  readonly dedupe: 'always' | 'without temperature' | 'never';
}

/**
 * Finds rows of a job whose requests differ only in the id. The first of them leads: it is sent, and its answer is used for the
 * later ones, which follow. A hash finds candidates, and a digest of the bytes decides. Once all rows are written, {@link
 * confirm} compares the leaders' bytes with the digest.
 */
export class Leaders {
  /** Hash → position of the row. */
  readonly #seen = new HashTable(1, SEEN_GROWTH);
  /** For rows that lead: hash → digest, and whether the leader's bytes are confirmed to match it. */
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
   * The position of the earlier row with the same request; undefined for a row that is sent and may lead later ones.
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
   * True if the row must have a separate answer and an earlier row of the job has the same request. Also true if not all earlier
   * rows could be remembered.
   */
  isRepeated({ customId, line }: RequestOfRow, position: number): boolean {
    if (!this.#wantsOwnAnswer(line)) return false;
    if (this.#seen.size >= MAX_LEADERS) return true;
    const { high, low } = this.#takeHash(line, requestStart(line, customId.length));
    return this.#seen.getOrAdd(high, low, position) !== undefined;
  }

  /** Adds a row with a known answer: it leads, although no request line has its bytes. */
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

  /** Number of unconfirmed leaders. After all shards were checked, these only share a hash with the rows that follow them. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** The tables for another call of the same build, whose hash must have the same seed. */
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

  /** The earlier row with this hash; if there is none, records this row and returns undefined. */
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
