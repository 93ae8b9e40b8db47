import { hash } from 'node:crypto';
import type { Fingerprint } from './fingerprint.ts';

/*
 * The index of a job's answers: a head, and an entry per row that was sent and is ok, sorted by fingerprint within each shard.
 *
 *   head    8 bytes "answers1", 6 bytes: size of the results to which the positions refer, 6 bytes: the last change of
 *           positions, 0 if there was none, 4 bytes 0
 *   entry   8 bytes of the fingerprint, 6 position of the line in `results.jsonl`, 4 its length, 6 check
 *
 * Numbers are big-endian. An index is never used without a check, which ties an entry to the line's bytes and to the whole
 * fingerprint.
 */

/** Size of an entry, and of the head, in bytes. */
export const ENTRY_BYTES = 24;

/** Position of the answer to a request in a job's results. */
export interface AnswerEntry {
  /** The first 64 bits of the fingerprint, as two words. */
  readonly high: number;
  readonly low: number;
  /** Position of the line in `results.jsonl`, and its size with the newline. */
  readonly start: number;
  readonly length: number;
  readonly check: number;
}

/** An answer to index. */
export interface IndexedAnswer extends Pick<AnswerEntry, 'start' | 'length' | 'check'> {
  readonly fingerprint: Fingerprint;
}

const MAGIC = Buffer.from('answers1');
const CHECK_BYTES = 6;
const [RESULTS_AT, CHANGE_AT] = [8, 14];
const [POSITION_AT, LENGTH_AT, CHECK_AT] = [8, 14, 18];

/** Check that ties a line to its request, so that an entry that is damaged or belongs to another file is noticed. */
export function checkOf(fingerprint: Fingerprint, line: Buffer): number {
  return hash('sha256', Buffer.concat([fingerprint, line]), 'buffer').readUIntBE(0, CHECK_BYTES);
}

/**
 * The head of an index.
 * @param resultBytes size of the results that the index describes
 * @param change identifies the change that gave the entries these positions
 */
export function writeHead(resultBytes: number, change = 0): Buffer {
  const head = Buffer.alloc(ENTRY_BYTES);
  MAGIC.copy(head);
  head.writeUIntBE(resultBytes, RESULTS_AT, 6);
  head.writeUIntBE(change, CHANGE_AT, 6);
  return head;
}

/** Size of the results that an index describes; undefined if the bytes are not a head. */
export function readHead(bytes: Buffer): number | undefined {
  if (bytes.length < ENTRY_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return bytes.readUIntBE(RESULTS_AT, 6);
}

/** The last change of positions, read from a head. */
export function readChange(head: Buffer): number {
  return head.readUIntBE(CHANGE_AT, 6);
}

/** The entries of answers, sorted by fingerprint. */
export function writeEntries(answers: readonly IndexedAnswer[]): Buffer {
  const bytes = Buffer.alloc(ENTRY_BYTES * answers.length);
  const sorted = answers.toSorted((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  for (const [n, { fingerprint, start, length, check }] of sorted.entries()) {
    const at = n * ENTRY_BYTES;
    fingerprint.copy(bytes, at, 0, POSITION_AT);
    bytes.writeUIntBE(start, at + POSITION_AT, 6);
    bytes.writeUInt32BE(length, at + LENGTH_AT);
    bytes.writeUIntBE(check, at + CHECK_AT, CHECK_BYTES);
  }
  return bytes;
}

export function readEntry(bytes: Buffer, at: number): AnswerEntry {
  return {
    high: bytes.readUInt32BE(at),
    low: bytes.readUInt32BE(at + 4),
    start: bytes.readUIntBE(at + POSITION_AT, 6),
    length: bytes.readUInt32BE(at + LENGTH_AT),
    check: bytes.readUIntBE(at + CHECK_AT, CHECK_BYTES),
  };
}

/**
 * True if entries may describe these results: they are whole, name lines within the results, and are sorted by fingerprint within
 * each shard, whose lines follow those of the shards before it.
 */
export function fitsResults(entries: Buffer, resultBytes: number): boolean {
  if (entries.length % ENTRY_BYTES !== 0) return false;
  // The end of the lines of earlier shards, and of this one.
  let [from, end] = [0, 0];
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const { start, length } = readEntry(entries, at);
    const before = at - ENTRY_BYTES;
    const isSorted =
      at > 0 && entries.compare(entries, before, before + POSITION_AT, at, at + POSITION_AT) >= 0;
    if (!isSorted) from = end;
    if (length === 0 || start < from || start + length > resultBytes) return false;
    end = Math.max(end, start + length);
  }
  return true;
}

/** Changes the position of an entry's line in place. */
export function moveEntry(bytes: Buffer, at: number, start: number): void {
  bytes.writeUIntBE(start, at + POSITION_AT, 6);
}

/** Cuts chunks of an index into pieces of whole entries; drops an incomplete entry at the end. */
export async function* wholeEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.length - (bytes.length % ENTRY_BYTES);
    if (end > 0) yield bytes.subarray(0, end);
    rest = bytes.subarray(end);
  }
}
