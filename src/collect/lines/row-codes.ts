import type { ResolvedProfile } from '../../checkpoints/profile.ts';
import type { Codes } from '../../provider/dialects/schema.ts';

/** The codes that decide about a job's rows: the dialect's, with the retriable ones of the profile before them. */
export function rowCodesOf({
  provider,
  retriableCodes,
}: Pick<ResolvedProfile, 'provider' | 'retriableCodes'>): Codes {
  const { codes } = provider.dialect;
  return { ...codes, retriable: [...retriableCodes, ...codes.retriable] };
}
