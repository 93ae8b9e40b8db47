import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { SimulatorState } from './state.ts';

/** Lines to write at once: one system call per line would cost more than creating the line. */
const LINES_PER_WRITE = 2_000;

/** A result file that is written line by line. It has no id until it is complete. */
export class ResultFile {
  readonly #state: SimulatorState;
  readonly #path: string;
  #fd: number | undefined;
  #lines: string[] = [];
  #bytes = 0;

  /** @param name separates it from other files that are being written */
  constructor(state: SimulatorState, name: string) {
    this.#state = state;
    this.#path = `${state.contentPath(name)}.new`;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0 && this.#lines.length === 0;
  }

  add(lines: readonly string[]): void {
    this.#lines.push(...lines);
    // Keeps the last line, because some providers omit its newline.
    if (this.#lines.length > LINES_PER_WRITE) this.#write(this.#lines.splice(0, this.#lines.length - 1));
  }

  /**
   * Closes the file under its name, so that it can be downloaded.
   * @returns the file's id
   */
  close(name: string, createdAt: number, hasLastNewline: boolean): string {
    const last = this.#lines.pop();
    this.#write(last === undefined ? [] : [...this.#lines, hasLastNewline ? last : last.trimEnd()]);
    if (this.#fd !== undefined) closeSync(this.#fd);
    const id = this.#state.nextId('file');
    renameSync(this.#path, this.#state.contentPath(id));
    this.#state.files.set(id, { id, name, bytes: this.#bytes, purpose: 'batch_output', createdAt });
    return id;
  }

  discard(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    rmSync(this.#path);
  }

  #write(lines: readonly string[]): void {
    this.#fd ??= openSync(this.#path, 'w');
    if (lines.length > 0) this.#bytes += writeSync(this.#fd, lines.join(''));
  }
}
