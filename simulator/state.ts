import { createHash } from 'node:crypto';
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SimulatedBatch } from './batches.ts';
import type { Quirks } from './quirks.ts';

export interface SimulatedFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly purpose: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** Number of reads until it is processed. */
  looksUntilProcessed?: number;
}

/** Added to a row's count for each answer. It is more than the number of batches with the same row. */
const ANSWER = 65_536;

interface Saved {
  readonly serial: number;
  readonly files: readonly SimulatedFile[];
  readonly batches: readonly SimulatedBatch[];
  readonly creates: readonly (readonly [string, number])[];
}

/** Files and batches, stored in a folder after every change, so that a restart finds them. */
export class SimulatorState {
  readonly files = new Map<string, SimulatedFile>();
  readonly batches = new Map<string, SimulatedBatch>();
  /** Batches created per `metadata.key`, or per input file's name if the metadata has no key. */
  readonly creates = new Map<string, number>();
  /** How often a row was in a batch, plus {@link ANSWER} for each of its answers, in one number. */
  readonly #rows = new Map<string, number>();
  /** Rows whose counts changed since the last save. */
  #counted = new Set<string>();
  readonly #folder: string;
  readonly #seed: number;
  readonly #ids: Quirks['ids'];
  #serial = 0;

  constructor(folder: string, seed: number, ids: Quirks['ids'] = 'plain') {
    this.#folder = folder;
    this.#seed = seed;
    this.#ids = ids;
    mkdirSync(join(folder, 'files'), { recursive: true });
    if (existsSync(this.#statePath)) this.#load();
  }

  get #statePath(): string {
    return join(this.#folder, 'state.json');
  }

  get #rowsPath(): string {
    return join(this.#folder, 'rows.jsonl');
  }

  /** @returns how often the row was in a batch so far */
  countAttempt(customId: string): number {
    return this.#count(customId, 1) % ANSWER;
  }

  /** Each answer is paid for, whether or not it is delivered. */
  countAnswer(customId: string): void {
    this.#count(customId, ANSWER);
  }

  /** Number of answers per row, by custom_id. */
  answersPerRow(): ReadonlyMap<string, number> {
    const answers = [...this.#rows].map(([id, counts]) => [id, Math.floor(counts / ANSWER)] as const);
    return new Map(answers.filter(([, count]) => count > 0));
  }

  #count(customId: string, more: number): number {
    const counts = (this.#rows.get(customId) ?? 0) + more;
    this.#rows.set(customId, counts);
    this.#counted.add(customId);
    return counts;
  }

  /** The next id, which depends only on the seed and on the number of earlier ids. */
  nextId(prefix: string): string {
    this.#serial += 1;
    const hash = createHash('sha256').update(`${this.#seed}/${this.#serial}`).digest('hex');
    return formatId(this.#ids, prefix, hash);
  }

  contentPath(fileId: string): string {
    return join(this.#folder, 'files', fileId);
  }

  content(fileId: string, start = 0): AsyncIterable<Buffer> {
    return createReadStream(this.contentPath(fileId), { start, highWaterMark: 262_144 });
  }

  deleteBatchesOf(inputFileId: string): void {
    for (const [id, batch] of this.batches) if (batch.inputFileId === inputFileId) this.batches.delete(id);
  }

  deleteFile(fileId: string): void {
    this.files.delete(fileId);
    rmSync(this.contentPath(fileId), { force: true });
    this.save();
  }

  save(): void {
    const saved: Saved = {
      serial: this.#serial,
      files: [...this.files.values()],
      batches: [...this.batches.values()],
      creates: [...this.creates],
    };
    this.#saveRows();
    writeFileSync(`${this.#statePath}.new`, JSON.stringify(saved));
    renameSync(`${this.#statePath}.new`, this.#statePath);
  }

  /** Saves the counts by appending. Writing a million rows again would take longer than answering them. */
  #saveRows(): void {
    if (this.#counted.size === 0) return;
    const lines = [...this.#counted].map((id) => `${JSON.stringify([id, this.#rows.get(id)])}\n`);
    this.#counted = new Set();
    appendFileSync(this.#rowsPath, lines.join(''));
  }

  #load(): void {
    const saved = JSON.parse(readFileSync(this.#statePath, 'utf8')) as Saved;
    this.#serial = saved.serial;
    for (const file of saved.files) this.files.set(file.id, file);
    for (const batch of saved.batches) this.batches.set(batch.id, batch);
    for (const [key, count] of saved.creates) this.creates.set(key, count);
    if (!existsSync(this.#rowsPath)) return;
    for (const line of readFileSync(this.#rowsPath, 'utf8').split('\n').filter(Boolean)) {
      const [id, counts] = JSON.parse(line) as [string, number];
      this.#rows.set(id, counts);
    }
  }
}

function formatId(ids: Quirks['ids'], prefix: string, hash: string): string {
  switch (ids) {
    case 'plain':
      return `${prefix}_${hash.slice(0, 24)}`;
    case 'uuid':
      return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
    case 'batch prefix':
      return prefix === 'file' ? `file-batch-${hash.slice(0, 24)}` : `batch_${hash.slice(0, 24)}`;
    case 'long':
      return Buffer.from(`proxy:application/octet-stream;unified_id,${prefix};id,${hash}`).toString(
        'base64url',
      );
  }
}
