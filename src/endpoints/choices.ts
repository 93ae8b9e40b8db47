import { numberText } from '../exact-json.ts';
import { type WireError } from '../provider/errors/error-envelope.ts';
import { carriedError } from '../provider/errors/error-signs.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import { emptyResult, isBlank, isList, listIn, unexpectedResult } from './answer.ts';
import { endingOf } from './finish-reasons.ts';

/**
 * Says why the choices of a body are not an answer; returns `undefined` if they are an answer without an error.
 * @param part the field of a choice that holds the answer
 * @param isPart checks the field's value
 * @param least how many choices must have it
 */
export function choiceProblem(
  body: unknown,
  part: string,
  isPart: (value: unknown) => boolean,
  least = 1,
): WireError | undefined {
  const choices = listIn(body, 'choices');
  if (!isList(choices)) return choices;
  const error = choiceError(choices, part);
  if (error !== undefined) return error;
  const parts = choices.map((choice) => asWire(choice)?.[part]);
  const count = parts.filter(isPart).length;
  if (count >= least) return undefined;
  if (count > 0)
    return {
      code: 'MISSING_CHOICE',
      message: `The request has ${least} prompts, its answer ${count} choices.`,
    };
  if (!parts.every((value) => value === undefined || value === null))
    return unexpectedResult(`"${part}" of the answer's choices is not readable.`);
  const message = `The answer has no choice with a "${part}".`;
  return choices.every(saysNoMore) ? emptyResult(message) : unexpectedResult(message);
}

/** Fields of a choice that are not part of the answer. */
const AROUND_PART = new Set(['index', 'finish_reason', 'native_finish_reason', 'stop_reason', 'logprobs']);

/**
 * True if a choice has no other content. Other content, such as a stream's `delta`, is paid for, and a retry would return the
 * same.
 */
function saysNoMore(choice: unknown): boolean {
  return Object.entries(asWire(choice) ?? {}).every(
    ([name, value]) => AROUND_PART.has(name) || isBlank(value),
  );
}

/** Gateways that fail in the middle of an answer put the error beside the choice's part, inside it, or into its content. */
function choiceError(choices: readonly unknown[], part: string): WireError | undefined {
  for (const choice of choices) {
    const wire = asWire(choice) ?? {};
    const { finish_reason: reason } = wire;
    const content = asWire(wire[part])?.['content'];
    const holders = [wire, wire[part], ...(isList(content) ? content : [])];
    const error = holders.map(carriedError).find((each) => each !== undefined);
    if (error !== undefined) return error;
    if (endingOf(reason) === 'broken off')
      return {
        code: 'ANSWER_BROKEN_OFF',
        message: `The provider ended a choice with the finish_reason "${String(reason)}".`,
      };
  }
  return undefined;
}

/** All choices of a body, and the first by `index` that has this part. */
export function readChoices(
  body: unknown,
  part: string,
  isPart: (value: unknown) => boolean,
): { readonly choices: readonly unknown[]; readonly first: Wire } {
  const choices = asWire(body)?.['choices'];
  if (!isList(choices)) return { choices: [], first: {} };
  const [first] = choices
    .map((choice) => asWire(choice) ?? {})
    .filter((choice) => isPart(choice[part]))
    .toSorted((one, other) => indexOf(one) - indexOf(other));
  return { choices, first: first ?? {} };
}

/** The choice's number; 0 without one, so that such choices keep their order. */
function indexOf({ index }: Wire): number {
  return Number(numberText(index) ?? 0);
}
