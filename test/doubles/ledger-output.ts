/** Faults in how a batch's output is shown. The provider decrements the counts of looks. */
export interface OutputMisbehaviour {
  counts?: 'as they are' | 'absent' | 'zero' | 'too few' | 'of another number';
  /** Number of looks at an ended batch that show no output file. */
  nullLooks?: number;
  /** Number of downloads that return only a part of the file. The parts end within lines. */
  growingLooks?: number;
  bytes?: 'absent' | 'zero';
  /** Sends no Content-Length. */
  isChunked?: boolean;
  /** Number of bytes at the end that are neither sent nor included in the length. */
  dropsLast?: number;
  /** Text that is repeated without end after the lines of the file. */
  endless?: string;
  changeId?: (id: string) => string;
  /** The fields of the answer are fields of the line itself. */
  isFlat?: boolean;
  /** Number of looks at a batch that return another batch. */
  otherBatchLooks?: number;
  /** Statuses of the next downloads. 299 stands for 200 with a JSON error. */
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

/** A line of the output file, with the faults. */
export function shownLine(
  line: { readonly custom_id: string; readonly response: { readonly body: object } },
  { changeId = (id) => id, isFlat }: OutputMisbehaviour,
): string {
  const custom_id = changeId(line.custom_id);
  return JSON.stringify(isFlat === true ? { custom_id, ...line.response.body } : { ...line, custom_id });
}

/** The part of a file that this download returns. */
export function shownContent(
  content: Buffer,
  { growingLooks = 0, dropsLast = 0 }: OutputMisbehaviour,
): Buffer {
  if (growingLooks > 0) return content.subarray(0, Math.floor((content.length * 0.97) / growingLooks));
  return content.subarray(0, content.length - dropsLast);
}
