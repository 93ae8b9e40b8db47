import type { InputRef } from '../checkpoints/job.ts';

/** Inputs as people and programs are shown them: what holds a file to its content is the job's own. */
export function shownInputs(inputs: readonly InputRef[]): InputRef[] {
  return inputs.map((input) => {
    const { etag: _, ...shown } = input;
    return shown;
  });
}
