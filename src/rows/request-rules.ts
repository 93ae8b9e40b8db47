import { known } from '../provider/dialects/known.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { MAX_CUSTOM_ID, type RequestRules } from './request-line.ts';
import { compileTemplate } from './template.ts';

/** The rules by which rows of a job become requests. */
export function rulesOf({
  endpoint,
  model,
  body,
  system,
  prompt,
  provider,
  table,
}: ResolvedProfile): RequestRules {
  const { customIdLength, customIdCharacters } = provider.dialect.limits;
  return {
    customIds: {
      length: known(customIdLength, MAX_CUSTOM_ID),
      characters: known(customIdCharacters, 'any'),
    },
    endpoint,
    model,
    body,
    system: system === undefined ? undefined : compileTemplate(system),
    prompt: prompt === undefined ? undefined : compileTemplate(prompt),
    id: table?.id,
  };
}
