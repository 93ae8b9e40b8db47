import * as z from 'zod';
import { didYouMean } from '../text/did-you-mean.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { InvalidRequest } from '../errors.ts';
import { cronProblem } from '../requests/next-times.ts';
import { DIALECTS, isBuiltIn } from '../provider/dialects/dialects.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import { findForeignSecrets } from '../profiles/provider-headers.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { moneyProblem } from './money-problem.ts';
import { configSchema, type NightshiftConfig } from './schema.ts';

export type { ProfileConfig } from '../profiles/profile-schema.ts';
export type { NightshiftConfig } from './schema.ts';
export { defineConfig } from './define-config.ts';

/**
 * Checks a configuration as a whole.
 * @param findMore finds further problems, one line each
 * @throws InvalidRequest naming every problem with its path.
 */
export function parseConfig(
  value: unknown,
  findMore: (value: unknown) => readonly string[] = () => [],
): NightshiftConfig {
  const parsed = configSchema.safeParse(value);
  const problems = [
    ...(parsed.success ? [] : [describeIssues(parsed.error, configSchema)]),
    ...findDanglingNames(value),
    ...findForeignSecrets(value, Object.keys(KNOWN_PROVIDERS)),
    ...findWrongCrons(value),
    ...findWrongMoney(value),
    ...findWrongTakes(value),
    ...findMore(value),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new InvalidRequest(`The configuration is not valid:\n${problems.join('\n')}`);
}

const named = (field: string) =>
  z.record(z.string(), z.looseObject({ [field]: z.string().optional().catch(undefined) })).catch({});

/** The names in a configuration, read leniently so that other mistakes do not hide them. */
const namesSchema = z.object({
  providers: named('dialect').optional(),
  dialects: named('like').optional(),
  profiles: named('provider'),
  schedules: named('profile').optional(),
});

const stepsSchema = z.object({
  then: z.array(z.object({ provider: z.string().optional().catch(undefined) })).catch([]),
});

const overridesSchema = z.object({ provider: z.string() });

/** References to names that do not exist, each with its path. */
function findDanglingNames(value: unknown): string[] {
  const {
    providers = {},
    dialects = {},
    profiles,
    schedules = {},
  } = namesSchema.safeParse(value).data ?? { profiles: {} };
  const known = [...Object.keys(KNOWN_PROVIDERS), ...Object.keys(providers)];
  const wrongProviders = Object.entries(profiles).flatMap(([name, { provider }]) =>
    typeof provider !== 'string' || known.includes(provider)
      ? []
      : [`  profiles.${name}.provider: there is no provider "${provider}"${meant(provider, known)}`],
  );
  const wrongSteps = Object.entries(profiles).flatMap(([name, profile]) =>
    (stepsSchema.safeParse(profile).data?.then ?? []).flatMap(({ provider }, n) =>
      provider === undefined || known.includes(provider)
        ? []
        : [
            `  profiles.${name}.then.${n}.provider: there is no provider "${provider}"${meant(provider, known)}`,
          ],
    ),
  );
  const isDialect = (name: string): boolean => isBuiltIn(name) || Object.hasOwn(dialects, name);
  const wrongDialects = Object.entries(providers).flatMap(([name, { dialect }]) =>
    typeof dialect !== 'string' || isDialect(dialect)
      ? []
      : [
          `  providers.${name}.dialect: there is no dialect "${dialect}"${meant(dialect, [...Object.keys(DIALECTS), ...Object.keys(dialects)])}`,
        ],
  );
  const wrongLikes = Object.entries(dialects).flatMap(([name, { like }]) =>
    typeof like !== 'string' || isBuiltIn(like)
      ? []
      : [`  dialects.${name}.like: there is no built-in dialect "${like}"`],
  );
  const wrongProfiles = Object.entries(schedules).flatMap(([name, { profile = 'default' }]) =>
    typeof profile !== 'string' || Object.hasOwn(profiles, profile)
      ? []
      : [
          `  schedules.${name}.profile: there is no profile "${profile}"${meant(profile, Object.keys(profiles))}`,
        ],
  );
  const wrongOverrides = Object.entries(schedules).flatMap(([name, { overrides }]) => {
    const provider = overridesSchema.safeParse(overrides).data?.provider;
    return provider === undefined || known.includes(provider)
      ? []
      : [`  schedules.${name}.overrides.provider: there is no provider "${provider}"`];
  });
  return [
    ...wrongDialects,
    ...wrongLikes,
    ...wrongProviders,
    ...wrongSteps,
    ...wrongProfiles,
    ...wrongOverrides,
  ];
}

/** Suggestion of the name that was meant, for the end of a message. */
function meant(asked: string, names: readonly string[]): string {
  const found = didYouMean(asked, names);
  return found === '' ? '' : `.${found}`;
}

/** Budgets in money that cannot be computed, each with its path. */
function findWrongMoney(value: unknown): string[] {
  const { profiles } = z.object({ profiles: z.record(z.string(), z.unknown()) }).safeParse(value).data ?? {};
  return Object.entries(profiles ?? {}).flatMap(([name, profile]) => {
    const { data } = profileSchema.safeParse(profile);
    const problem = data && moneyProblem(data);
    return problem ? [`  profiles.${name}.${problem.path}: ${problem.message}`] : [];
  });
}

const cronsSchema = z.object({ schedules: named('cron') });

function findWrongCrons(value: unknown): string[] {
  const { schedules } = cronsSchema.safeParse(value).data ?? { schedules: {} };
  return Object.entries(schedules).flatMap(([name, { cron }]) => {
    // An expression without six fields is reported by the schema.
    const problem = typeof cron === 'string' && cron.split(' ').length === 6 ? cronProblem(cron) : undefined;
    return problem === undefined ? [] : [`  schedules.${name}.cron: ${problem}`];
  });
}

const reuseSchema = z.looseObject({ reuse: z.unknown() }).catch({ reuse: undefined });
const takesSchema = z.object({
  profiles: z.record(z.string(), reuseSchema).catch({}),
  schedules: z
    .record(
      z.string(),
      z
        .object({
          take: z.literal('all'),
          profile: z.string().default('default'),
          overrides: reuseSchema.optional(),
        })
        .optional()
        .catch(undefined),
    )
    .catch({}),
});

/** Schedules that would process all of their files, and pay for them, in every run. */
function findWrongTakes(value: unknown): string[] {
  const { profiles, schedules } = takesSchema.safeParse(value).data ?? { profiles: {}, schedules: {} };
  return Object.entries(schedules).flatMap(([name, schedule]) => {
    if (schedule === undefined) return [];
    const { profile, overrides } = schedule;
    const reuse = overrides?.reuse ?? profiles[profile]?.reuse ?? false;
    if (reuse !== false) return [];
    return [
      `  schedules.${name}.take: "all" sends every row of the files at each run: give the profile "${profile}" a "reuse", so that only new and changed rows are paid`,
    ];
  });
}
