import { sampleKey } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** `jobs/samples/<hash>.json`: the largest sample of some inputs that are treated one way. */
interface Sample {
  readonly jobId: string;
  /** Most rows that it takes. */
  readonly limit: number;
}

/** By the hash of the inputs and how they are treated. */
export const sampleObject = storedObject<Sample, string>(sampleKey);
