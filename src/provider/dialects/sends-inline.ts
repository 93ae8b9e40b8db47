import type { Dialect } from './schema.ts';

/** True if the provider has no files, so that the create of a batch carries its requests. */
export function sendsInline({ adapter }: Pick<Dialect, 'adapter'>): boolean {
  return adapter === 'anthropic';
}
