/** The parts of standard output that a view needs. */
export type Screen = NodeJS.WriteStream;

/** True if lines can be updated in place: on a capable terminal, and not in a log. */
export function isLive(stream: Screen, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
}
