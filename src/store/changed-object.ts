import { InvalidInput } from '../errors.ts';

/** The error for an object that was replaced during a read. */
export function changedObject(where: string): InvalidInput {
  return new InvalidInput(
    `${where} changed after its job was started, so it is not read: its rows would not be those of this job. Start it as a new job.`,
  );
}
