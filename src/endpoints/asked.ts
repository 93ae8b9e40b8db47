import { numberText } from '../exact-json.ts';
import type { Asked, Endpoint, Fields } from './endpoint.ts';

/** Of a request whose input is no list. */
export const ONE_INPUT: Asked = {};

/** What a request asks that its answer has to fit to. */
export function askedIn(body: Fields, { lists }: Endpoint): Asked {
  const inputs = lists && body[lists];
  return Array.isArray(inputs) ? { inputs: countInputs(inputs) } : ONE_INPUT;
}

/** A list of numbers is one text, as tokens. */
function countInputs(inputs: readonly unknown[]): number {
  return numberText(inputs[0]) === undefined ? inputs.length : 1;
}

/** Whether the JSON of a request may list inputs: only then it has to be read for them. */
export function mayList(json: Buffer | string, { lists }: Endpoint): boolean {
  return lists !== undefined && json.includes(`"${lists}":[`);
}
