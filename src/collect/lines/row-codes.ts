import type { ResolvedProfile } from '../../checkpoints/profile.ts';
import type { Codes } from '../../provider/dialects/schema.ts';

/** The codes that decide about a job's rows: the profile's retriable codes, then those of the dialect. */
export function rowCodesOf({
  provider,
  retriableCodes,
}: Pick<ResolvedProfile, 'provider' | 'retriableCodes'>): Codes {
  const { codes } = provider.dialect;
  return { ...codes, retriable: [...retriableCodes, ...codes.retriable] };
}
