import { JOB_FILE_SUFFIX } from '../checkpoints/keys.ts';
import { MAX_LISTED_SKIPPED, type SkippedFiles } from '../checkpoints/job.ts';
import { isUnfinished } from './unfinished-files.ts';
import { hasKnownFormat } from '../rows/formats/format-names.ts';

/** Separates the input files below a prefix from other files, and records the skipped ones. */
export class InputFilter {
  readonly #keys: string[] = [];
  #count = 0;

  /**
   * True if a listed object is an input file. Silently ignores folder markers, job requests, names that begin with `.` or `_`
   * (hidden files of tools that write to buckets), locks and partial files. Records empty files and unknown formats.
   */
  takes(key: string, bytes: number): boolean {
    const name = key.slice(key.lastIndexOf('/') + 1);
    if (name === '' || name.startsWith('.') || name.startsWith('_') || key.endsWith(JOB_FILE_SUFFIX))
      return false;
    if (isUnfinished(name)) return false;
    if (bytes > 0 && hasKnownFormat(name)) return true;
    this.#count += 1;
    if (this.#keys.length < MAX_LISTED_SKIPPED) this.#keys.push(key);
    return false;
  }

  /** Undefined if nothing was skipped. */
  get skipped(): SkippedFiles | undefined {
    return this.#count === 0 ? undefined : { count: this.#count, keys: this.#keys };
  }

  /** A sentence about the skipped files, for the error about a prefix without input files; empty if nothing was skipped. */
  describeSkipped(): string {
    if (this.#count === 0) return '';
    const some = this.#keys.slice(0, 3).map((key) => key.slice(key.lastIndexOf('/') + 1));
    const more = this.#count > some.length ? ` and ${this.#count - some.length} more` : '';
    return ` Skipped, because they are empty or of unknown format: ${some.join(', ')}${more}.`;
  }
}
