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

export interface SimulatedFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly purpose: string;
  readonly createdAt: number;
}

interface Saved {
  readonly serial: number;
  readonly files: readonly SimulatedFile[];
  readonly batches: readonly SimulatedBatch[];
  readonly creates: readonly (readonly [string, number])[];
  readonly attempts: readonly (readonly [string, number])[];
}

/** Files and batches, kept in a folder after every change, so that a restart finds them. */
export class SimulatorState {
  readonly files = new Map<string, SimulatedFile>();
  readonly batches = new Map<string, SimulatedBatch>();
  /** Batches made per `metadata.key`. */
  readonly creates = new Map<string, number>();
  /** Batches a row was in, by custom_id. */
  readonly attempts = new Map<string, number>();
  readonly #folder: string;
  readonly #seed: number;
  #serial = 0;

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#seed = seed;
    mkdirSync(join(folder, 'files'), { recursive: true });
    if (existsSync(this.#statePath)) this.#load();
  }

  get #statePath(): string {
    return join(this.#folder, 'state.json');
  }

  /** The next id: a function of the seed and of how many there were before. */
  nextId(prefix: string): string {
    this.#serial += 1;
    const hash = createHash('sha256').update(`${this.#seed}/${this.#serial}`).digest('hex');
    return `${prefix}_${hash.slice(0, 24)}`;
  }

  contentPath(fileId: string): string {
    return join(this.#folder, 'files', fileId);
  }

  content(fileId: string): AsyncIterable<Buffer> {
    return createReadStream(this.contentPath(fileId), { highWaterMark: 262_144 });
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
      attempts: [...this.attempts],
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
    for (const [id, count] of saved.attempts) this.attempts.set(id, count);
  }
}
