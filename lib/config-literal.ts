/**
 * The bundler puts values into functions by an argument of its command line. Linux takes 131,072 bytes
 * in one argument; base64 makes 4 bytes of 3, so 90,000 bytes of JSON become 120,000.
 */
export const MAX_CONFIG_BYTES = 90_000;

/**
 * A part of the configuration as a JavaScript literal: a string, base64 of JSON, so that no shell finds anything to interpret.
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
