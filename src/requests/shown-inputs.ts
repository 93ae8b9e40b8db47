import type { InputRef } from '../checkpoints/job.ts';

/** Inputs as shown to people and programs, without the internal version or ETag. */
export function shownInputs(inputs: readonly InputRef[]): InputRef[] {
  return inputs.map((input) => {
    const { etag: _, ...shown } = input;
    return shown;
  });
}
