import { InvalidRequest } from '../errors.ts';

/*
 * Apart from the request's schema: a step that only counts files needs none of the schemas.
 */

/**
 * Most bytes of a request, inline rows included: beyond it, rows belong in a file. A function takes 6 MB at once, and gets a
 * body as a JSON string, in which a quote is two bytes: of any request that API Gateway hands on, 3 MB are sure to fit.
 */
export const MAX_REQUEST_BYTES = 5_000_000;

/** Most input files of one job: all of them are named in `job.json`. */
export const MAX_INPUTS = 1_000;

export function tooLarge(name: string, bytes: number): InvalidRequest {
  return new InvalidRequest(
    `${name} has ${bytes} bytes; a job request has at most ${MAX_REQUEST_BYTES}. Put its rows into a file.`,
  );
}
