import { numberText } from '../exact-json.ts';
import type { Asked, Endpoint, Fields } from './endpoint.ts';

/** The parts of a request whose input is not a list. */
export const ONE_INPUT: Asked = {};

/** The parts of a request that its answer must match. */
export function askedIn(body: Fields, { lists }: Endpoint): Asked {
  const inputs = lists && body[lists];
  return Array.isArray(inputs) ? { inputs: countInputs(inputs) } : ONE_INPUT;
}

/** A list of numbers is one text, given as tokens. */
function countInputs(inputs: readonly unknown[]): number {
  return numberText(inputs[0]) === undefined ? inputs.length : 1;
}

/** True if a request's JSON may contain a list of inputs; only then it must be parsed. */
export function mayList(json: Buffer | string, { lists }: Endpoint): boolean {
  return lists !== undefined && json.includes(`"${lists}":[`);
}
