import { sampleKey } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** `jobs/samples/<hash>.json`: the largest sample of given inputs with given settings. */
interface Sample {
  readonly jobId: string;
  /** Most rows that the sample takes. */
  readonly limit: number;
}

/** Addressed by the hash of the inputs and the settings. */
export const sampleObject = storedObject<Sample, string>(sampleKey);
