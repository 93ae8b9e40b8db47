import { styleText } from 'node:util';
import { printable } from '../../src/text/printable.ts';

/**
 * Describes the provider for people.
 * @param name undefined for the providers of the profiles
 * @param simulatorUrl URL of the simulator that generates the answers; undefined without one
 */
export function describeProvider(name: string | undefined, simulatorUrl: string | undefined): string {
  if (simulatorUrl !== undefined)
    return styleText(
      'yellow',
      `Provider: a simulator on ${simulatorUrl}; its answers are made up, and free.`,
    );
  return styleText(
    'dim',
    name === undefined ? 'Providers: those of the profiles.' : `Provider: ${printable(name)}`,
  );
}
