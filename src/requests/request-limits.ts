import { InvalidRequest } from '../errors.ts';

/** These limits are separate from the request's schema, because a step that only counts files needs no schema. */

/**
 * Most bytes of a request with its inline rows; more rows must come as a file. A Lambda accepts events of 6 MB with the body as a
 * JSON string, in which a quote takes two bytes. Therefore only 3 MB are certain to pass through API Gateway.
 */
export const MAX_REQUEST_BYTES = 5_000_000;

/** Most input files of one job; all of them are listed in `job.json`. */
export const MAX_INPUTS = 1_000;

export function tooLarge(name: string, bytes: number): InvalidRequest {
  return new InvalidRequest(
    `${name} has ${bytes} bytes; a job request has at most ${MAX_REQUEST_BYTES}. Put its rows into a file.`,
  );
}
