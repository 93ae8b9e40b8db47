import type { LadderStep, ResolvedProfile } from '../checkpoints/profile.ts';
import { jsonLine } from '../jsonl/json-line.ts';
import { hasCharacters } from '../rows/request-line.ts';
import { known } from '../provider/dialects/known.ts';

/** A row as its first step asked it. */
export interface FirstRequest {
  readonly custom_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The request line of a row in a further step: what it asks stays, model and parameters are those of the step.
 * @returns undefined when the provider of the step takes no such id, or no line of this length
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
