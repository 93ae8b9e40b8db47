import type { LadderStep, ResolvedProfile } from '../checkpoints/profile.ts';
import { jsonLine } from '../jsonl/json-line.ts';
import { hasCharacters } from '../rows/request-line.ts';
import { known } from '../provider/dialects/known.ts';

/** A row's request in the first step. */
export interface FirstRequest {
  readonly custom_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Builds the request line of a row in a later step: the same question, with the step's model and parameters.
 * @returns undefined if the step's provider does not accept the id, or a line of this length
 */
export function nextRequest(
  { custom_id, body }: FirstRequest,
  step: LadderStep,
  { endpoint }: Pick<ResolvedProfile, 'endpoint'>,
): string | undefined {
  const { customIdLength, customIdCharacters } = step.provider.dialect.limits;
  const ids = { length: known(customIdLength, Infinity), characters: known(customIdCharacters, 'any') };
  if (custom_id.length > ids.length || !hasCharacters(custom_id, ids)) return undefined;
  const model = step.keepsModel === true ? undefined : step.model;
  const changed = { ...body, ...step.body, ...(model !== undefined && { model }) };
  const asked = Object.fromEntries(Object.entries(changed).filter(([name]) => step.body[name] !== null));
  const line = jsonLine({ custom_id, method: 'POST', url: endpoint, body: asked });
  return Buffer.byteLength(line) > step.shardLimits.maxBytes ? undefined : line;
}
