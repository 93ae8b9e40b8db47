import { createHash } from 'node:crypto';
import {
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
import { RowCounts } from './row-counts.ts';

/**
 * A chunk that is being sent survives a collection of young objects, and is then freed only by a full collection: chunks of 256
 * KiB left four times as much garbage.
 */
const CHUNK_BYTES = 65_536;

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

interface Saved {
  readonly serial: number;
  readonly files: readonly SimulatedFile[];
  readonly batches: readonly SimulatedBatch[];
  readonly creates: readonly (readonly [string, number])[];
}

export interface StateOptions {
  /** Folder of the files' contents. */
  readonly folder: string;
  /** True if a later simulator continues in this folder: the state is then stored there after every change. */
  readonly isKept: boolean;
  readonly seed: number;
  /** Default: `plain`. */
  readonly ids?: Quirks['ids'];
}

/** Files and batches. In a folder that is kept, a restart finds them. */
export class SimulatorState {
  readonly files = new Map<string, SimulatedFile>();
  readonly batches = new Map<string, SimulatedBatch>();
  /** Batches created per `metadata.key`, or per input file's name if the metadata has no key. */
  readonly creates = new Map<string, number>();
  readonly rows: RowCounts;
  readonly #folder: string;
  readonly #isKept: boolean;
  readonly #seed: number;
  readonly #ids: Quirks['ids'];
  #serial = 0;

  constructor({ folder, isKept, seed, ids = 'plain' }: StateOptions) {
    this.#folder = folder;
    this.#isKept = isKept;
    this.#seed = seed;
    this.#ids = ids;
    mkdirSync(join(folder, 'files'), { recursive: true });
    this.rows = new RowCounts(join(folder, 'rows.jsonl'));
    if (existsSync(this.#statePath)) this.#load();
  }

  get #statePath(): string {
    return join(this.#folder, 'state.json');
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
    return createReadStream(this.contentPath(fileId), { start, highWaterMark: CHUNK_BYTES });
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
    this.rows.save();
    if (!this.#isKept) return;
    const saved: Saved = {
      serial: this.#serial,
      files: [...this.files.values()],
      batches: [...this.batches.values()],
      creates: [...this.creates],
    };
    writeFileSync(`${this.#statePath}.new`, JSON.stringify(saved));
    renameSync(`${this.#statePath}.new`, this.#statePath);
  }

  #load(): void {
    const saved = JSON.parse(readFileSync(this.#statePath, 'utf8')) as Saved;
    this.#serial = saved.serial;
    for (const file of saved.files) this.files.set(file.id, file);
    for (const batch of saved.batches) this.batches.set(batch.id, batch);
    for (const [key, count] of saved.creates) this.creates.set(key, count);
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
