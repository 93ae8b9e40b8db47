import type { SliceRef } from '../../checkpoints/keys.ts';
import type { Leaders } from '../../reuse/leaders.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { generatedId } from '../request-line.ts';
import type { SliceCounts } from './division.ts';
import { readNotes } from './notes.ts';
import { VerdictReader } from './verdicts.ts';

interface SliceToConfirm extends SliceRef {
  /** Rows of the job before the slice. */
  readonly rows: number;
  readonly counts: SliceCounts;
}

interface Suspected {
  /** Ids that were reported as duplicates; an id is removed when an accepted row has it. */
  readonly suspects: Set<string>;
  readonly leaders: Leaders | undefined;
}

/** Compares suspected duplicates with the accepted rows of a slice, as `confirm-duplicates.ts` does with those of a shard. */
export async function confirmSlice(
  store: ObjectStore,
  { rows, counts, ...ref }: SliceToConfirm,
  { suspects, leaders }: Suspected,
): Promise<void> {
  const verdicts = new VerdictReader(store, ref, counts);
  let row = 0;
  try {
    for await (const notes of readNotes(store, ref)) {
      for (const { id, isValid, standIn } of notes) {
        if (!verdicts.has(row)) await verdicts.readTo(row);
        const verdict = verdicts.find(row);
        row += 1;
        if (!isValid || verdict?.id === null) continue;
        suspects.delete(verdict?.id ?? id ?? generatedId(rows + row));
        if (verdict?.leader === undefined) leaders?.confirmLine(standIn);
      }
    }
  } finally {
    await verdicts.close();
  }
}
