/**
 * Fields of a dead letter beside its request. They are ignored in an input, so that a dead-letters file is a valid input file.
 */
export const DEAD_LETTER_FIELDS: ReadonlySet<string> = new Set([
  'outcome',
  'error',
  'retry',
  'round',
  'source',
  'warning',
]);
