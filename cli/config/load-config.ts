import type { NightshiftConfig } from '../../src/config/config.ts';

/** Gives the configuration that a command works with. */
export type LoadConfig = () => NightshiftConfig | Promise<NightshiftConfig>;

/**
 * Reads and checks the configuration. It is loaded by the commands that need it: that takes longer than a command without it.
 * @throws InvalidRequest when it is not valid, naming every problem
 */
export const loadConfig: LoadConfig = async () => {
  const [{ default: config }, { checkConfig }] = await Promise.all([
    import('../../nightshift.config.ts'),
    import('../../src/config/check-config.ts'),
  ]);
  return checkConfig(config);
};
