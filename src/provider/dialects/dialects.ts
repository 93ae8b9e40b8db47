import { defined } from '../../defined.ts';
import { HOSTED } from './hosted.ts';
import { OWN } from './own.ts';
import type { Dialect, DialectConfig, DialectFacts } from './schema.ts';

/** The built-in dialects, by name. `docs/providers.md` shows them as tables. */
export const DIALECTS = { ...HOSTED, ...OWN } satisfies Record<string, DialectFacts>;
export type DialectName = keyof typeof DIALECTS;

export function isBuiltIn(name: string): name is DialectName {
  return Object.hasOwn(DIALECTS, name);
}

export function builtInDialect(name: DialectName): Dialect {
  const { title: _title, baseUrl: _baseUrl, sources: _sources, ...dialect }: DialectFacts = DIALECTS[name];
  return { ...dialect, name };
}

/** Applies a configuration to a dialect: field by field, a list as a whole. */
export function overlay(name: string, base: Dialect, config: DialectConfig): Dialect {
  const { like: _like, statuses, limits, codes, honours, files, fields, ...rest } = config;
  return {
    ...base,
    ...defined(rest),
    name,
    statuses: { ...base.statuses, ...statuses },
    limits: { ...base.limits, ...defined(limits) },
    codes: { ...base.codes, ...defined(codes) },
    honours: { ...base.honours, ...defined(honours) },
    files: { ...base.files, ...defined(files) },
    fields: { ...base.fields, ...defined(fields) },
  };
}
