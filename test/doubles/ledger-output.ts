/** How a batch's output is shown. Counts go down as they are used up. */
export interface OutputMisbehaviour {
  counts?: 'as they are' | 'absent' | 'zero' | 'too few' | 'of another number';
  /** For so many looks at a batch that ended, it names no output. */
  nullLooks?: number;
  /** For so many downloads, the file is only a part of what it will be; the cuts fall into lines. */
  growingLooks?: number;
  bytes?: 'absent' | 'zero';
  /** No Content-Length. */
  isChunked?: boolean;
  /** Bytes at the end that are never sent, nor counted. */
  dropsLast?: number;
  /** Behind its lines a file goes on with this, again and again, for as long as anybody reads. */
  endless?: string;
  changeId?: (id: string) => string;
  /** The answer's fields stand in the line itself. */
  isFlat?: boolean;
  /** So many looks at a batch are answered with another batch. */
  otherBatchLooks?: number;
  /** Downloads that are answered with a status; 299 stands for 200 with a JSON error. */
  statusLooks?: number[];
}

export interface Counts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

export function shownCounts(true_: Counts, { counts }: OutputMisbehaviour): Counts | null {
  if (counts === 'absent') return null;
  if (counts === 'zero') return { ...true_, completed: 0, failed: 0 };
  if (counts === 'too few') return { ...true_, completed: Math.floor(true_.completed / 2) };
  if (counts === 'of another number')
    return { total: true_.total + 3, completed: true_.completed + 3, failed: 0 };
  return true_;
}

/** A line of an output file, as this provider writes it. */
export function shownLine(
  line: { readonly custom_id: string; readonly response: { readonly body: object } },
  { changeId = (id) => id, isFlat }: OutputMisbehaviour,
): string {
  const custom_id = changeId(line.custom_id);
  return JSON.stringify(isFlat === true ? { custom_id, ...line.response.body } : { ...line, custom_id });
}

/** As much of a file as is there at this look. */
export function shownContent(
  content: Buffer,
  { growingLooks = 0, dropsLast = 0 }: OutputMisbehaviour,
): Buffer {
  if (growingLooks > 0) return content.subarray(0, Math.floor((content.length * 0.97) / growingLooks));
  return content.subarray(0, content.length - dropsLast);
}
