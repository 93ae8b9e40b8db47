/** The parts of standard output that a view needs. */
export type Screen = NodeJS.WriteStream;

/** Whether lines can be taken back: a terminal that knows how, and nobody's log. */
export function isLive(stream: Screen, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
}
