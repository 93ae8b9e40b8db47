/** The doors read it at every cold start, and their bundles stay small: 90,000 bytes of JSON become 120,000 as base64. */
export const MAX_CONFIG_BYTES = 90_000;

/**
 * A part of the configuration as a JavaScript literal: a string, base64 of JSON.
 * @throws RangeError when it is longer than {@link MAX_CONFIG_BYTES} as JSON.
 */
export function configLiteral(config: object): string {
  const json = Buffer.from(JSON.stringify(config));
  if (json.length > MAX_CONFIG_BYTES) {
    throw new RangeError(
      `The configuration is ${json.length} bytes as JSON; at most ${MAX_CONFIG_BYTES} can be deployed. Shorten its profiles.`,
    );
  }
  return JSON.stringify(json.toString('base64'));
}
