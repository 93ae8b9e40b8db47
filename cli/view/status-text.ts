import type { Progress } from '../../src/checkpoints/shard/progress.ts';
import { printable } from '../../src/text/printable.ts';

/** A batch's status, with a note if it is unknown. */
export function statusText({ status, isUnknown }: Pick<Progress, 'status' | 'isUnknown'>): string {
  return isUnknown === true
    ? `${printable(status)}, an unknown status, which counts as running`
    : printable(status);
}
