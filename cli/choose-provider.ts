import { SIMULATOR, SIMULATED } from '../src/config/known-providers.ts';
import type { NightshiftConfig, ProfileConfig } from '../src/config/config.ts';
import { findProvider, resolveProfile } from '../src/config/resolve-profile.ts';
import { InvalidRequest, ProviderDenied } from '../src/errors.ts';
import { providersOf } from '../src/ladder/step-of-round.ts';
import { apiKeyVariable, readApiKey, readHeaderSecret } from '../src/runtime/api-key.ts';
import { readTreatment, type AskedJob } from '../host/start-request.ts';
import { requireReadable } from '../host/readable-file.ts';

/** The options that choose a run's provider. */
export interface ProviderFlags {
  readonly provider?: string;
  readonly simulate?: true;
}

/** The provider that answers a run. */
export interface ChosenProvider {
  readonly overrides: ProfileConfig;
  /** True if a simulator generates the answers. */
  readonly simulated: boolean;
  readonly name: string;
}

/**
 * Chooses the provider of a run: the profile's, unless an option names another one or asks for simulated answers.
 * @param isDemo true for the built-in example: simulated answers unless an option names a provider
 * @throws InvalidRequest when a file or the provider's key is missing, before anything is created or sent
 */
export async function chooseProvider(
  config: NightshiftConfig,
  asked: Omit<AskedJob, 'again'>,
  { provider, simulate }: ProviderFlags,
  isDemo: boolean,
): Promise<ChosenProvider> {
  if (simulate === true && provider !== undefined && provider !== SIMULATOR)
    throw new InvalidRequest(
      `--simulate uses no real provider: leave out --provider ${provider}, or --simulate.`,
    );
  const treatment = await readTreatment(asked);
  if (treatment.request === undefined) for (const file of asked.files) await requireReadable(file);
  const profile = resolveProfile(config, treatment.profile, treatment.overrides);
  const named = profile.provider.name;
  const simulated = simulate === true || named === SIMULATOR || (isDemo && provider === undefined);
  if (simulated) return { overrides: { ...asked.overrides, ...SIMULATED }, simulated, name: SIMULATOR };
  for (const name of providersOf(profile)) await rejectWithoutSecrets(config, name);
  return { overrides: asked.overrides, simulated, name: named };
}

/** Fails immediately if a secret is missing, instead of at the job's first upload. */
export async function rejectWithoutSecrets(config: NightshiftConfig, provider: string): Promise<void> {
  const { headers = {} } = findProvider(config, provider);
  const secrets = Object.values(headers).flatMap((value) => (typeof value === 'string' ? [] : value.secret));
  const missing = [
    ...((await isThere(() => readApiKey(provider, process.env))) ? [] : [provider]),
    ...(await absent(secrets)),
  ];
  if (missing.length === 0) return;
  const variables = missing.map(apiKeyVariable);
  const which = variables.length === 1 ? `the environment variable ${variables[0]}` : variables.join(' and ');
  throw new InvalidRequest(
    `There is no ${missing.includes(provider) ? 'key' : 'secret of a header'} for the provider "${provider}". Set ${which}. With --simulate, answers are made up here: no key, no cost.`,
  );
}

async function absent(secrets: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    secrets.map((secret) => isThere(() => readHeaderSecret(secret, process.env))),
  );
  return secrets.filter((_, n) => found[n] !== true);
}

async function isThere(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (error instanceof ProviderDenied) return false;
    throw error;
  }
}
