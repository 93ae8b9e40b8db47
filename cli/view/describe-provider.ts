import { styleText } from 'node:util';
import { printable } from '../../src/printable.ts';

/**
 * Who answers, for people.
 * @param name undefined: those that the profiles name
 * @param simulatorUrl where a simulator makes the answers up; undefined when none does
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
