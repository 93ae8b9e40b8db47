import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileConfig } from '../../src/config/config.ts';
import { MODEL } from '../data/inputs.ts';
import { ROOT } from '../machine.ts';
import type { Command } from '../measure.ts';

/** The provider of a run, and what else its profile says. */
interface RunConfig extends Pick<ProfileConfig, 'shardLimits'> {
  /** The provider's base URL. */
  readonly url: string;
}

/** `nightshift run` of input files with one data folder, as a user starts it. */
export type RunCommand = (input: string, data: string) => Command;

/**
 * Configures the command line for a provider on this machine, which is polled every second.
 * @param folder where the configuration is written
 */
export function configureRun(folder: string, { url, ...fields }: RunConfig): RunCommand {
  const config = join(folder, 'nightshift.config.json');
  mkdirSync(folder, { recursive: true });
  const profile = { provider: 'local', model: MODEL, polling: { minSeconds: 1, maxSeconds: 5 }, ...fields };
  const providers = { local: { dialect: 'openai', baseUrl: url } };
  writeFileSync(config, JSON.stringify({ providers, profiles: { default: profile } }));
  const program = [process.execPath, join(ROOT, 'bin/nightshift.js')];
  return (input, data) => ({
    argv: [...program, 'run', input, '--config', config, '--data', data, '--json'],
    env: { LOCAL_API_KEY: 'a-key-of-the-benchmark' },
  });
}
