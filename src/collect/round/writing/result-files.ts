import { InFlight } from '../../../concurrency/in-flight.ts';
import { createHash } from 'node:crypto';
import type { AnswerFile } from '../../../endpoints/endpoint.ts';
import { fileKey } from '../../../checkpoints/keys.ts';
import type { ObjectStore } from '../../../store/object-store.ts';

/** Most files that are written at the same time, and most of their bytes. */
const MAX_FILES = 16;
const MAX_BYTES = 64 * 1_048_576;

/**
 * Ids that are safe file names on any system: no capitals, because some disks ignore case; no dot in front, which hides a file;
 * no hyphen in front, which looks like an option; no dot at the end, which Windows drops.
 */
const PLAIN_ID = /^[a-z0-9_](?:[a-z0-9._-]{0,98}[a-z0-9_-])?$/;

/** Names of devices on Windows, whatever comes after a dot. */
const RESERVED = /^(?:con|prn|aux|nul|conin|conout|clock|com\d|lpt\d)(?:\.|$)/;

/**
 * Writes the files of answers, a few at a time. A name depends only on its row's id, so a repeated collect overwrites the same
 * files.
 */
export class ResultFiles {
  readonly #store: ObjectStore;
  readonly #jobId: string;
  readonly #inFlight = new InFlight();
  #bytes = 0;

  constructor(store: ObjectStore, jobId: string) {
    this.#store = store;
    this.#jobId = jobId;
  }

  /**
   * Writes an answer's files.
   * @returns their names, relative to the job's results
   */
  async add(customId: string, files: readonly AnswerFile[]): Promise<string[]> {
    const names: string[] = [];
    for (const [n, { extension, bytes }] of files.entries()) {
      const name = fileName(customId, n, extension);
      await this.#makeRoom(bytes.length);
      this.#start(fileKey(this.#jobId, name), bytes);
      names.push(`files/${name}`);
    }
    return names;
  }

  /**
   * Waits until all files are stored.
   * @throws the error of the first file that failed
   */
  async settle(): Promise<void> {
    await this.#inFlight.settle();
    this.#inFlight.throwFailure();
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#inFlight.size > 0 && (this.#inFlight.size >= MAX_FILES || this.#bytes + bytes > MAX_BYTES))
      await this.#inFlight.next();
    this.#inFlight.throwFailure();
  }

  #start(key: string, bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#inFlight.start(() =>
      this.#store.put(key, bytes).finally(() => {
        this.#bytes -= bytes.length;
      }),
    );
  }
}

/** `q1.png`, and `q1~2.png` for a further file of the row. Ids that are not safe names get a part of their hash. */
export function fileName(customId: string, n: number, extension: string): string {
  return `${plainName(customId)}${n === 0 ? '' : `~${n + 1}`}.${extension}`;
}

function plainName(customId: string): string {
  if (PLAIN_ID.test(customId) && !RESERVED.test(customId)) return customId;
  const readable = customId
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 60);
  const hash = createHash('sha256').update(customId).digest('hex').slice(0, 16);
  return `${readable === '' ? 'row' : readable}~${hash}`;
}
