import type { NightshiftConfig } from './schema.ts';
import { DEPLOYED_CONFIG_KEY } from '../checkpoints/keys.ts';
import { storedObject } from '../checkpoints/stored-object.ts';

/** `deployed/config.json`: the configuration that is deployed, as far as a command line needs it to start jobs. */
export const deployedConfigObject = storedObject<NightshiftConfig, void>(() => DEPLOYED_CONFIG_KEY);
