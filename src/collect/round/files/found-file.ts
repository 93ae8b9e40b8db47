/** One of the batch's two files, as far as it is available. */
export interface FoundFile {
  readonly name: 'output' | 'errors';
  readonly fileId: string;
  /** `missing`: the batch names it, and it is not found. `short`: fewer bytes arrived than were promised. */
  readonly state: 'whole' | 'missing' | 'short';
  readonly received: number;
  /** True if its last line has no newline and cannot be read, so the file may be growing. */
  readonly isCutOff?: boolean;
  /** Set if it was cut off because it was longer than the batch could have written. The rest is unknown. */
  readonly isEndless?: true;
  /** Its length according to the file object or the answer's Content-Length. */
  readonly promised?: number | undefined;
}
