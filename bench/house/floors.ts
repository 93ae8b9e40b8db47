/**
 * The floors of `src/`. A room imports only rooms on floors below its own; rooms on one floor do not import each other. A room is
 * a folder, or a file directly below `src/`; unlisted files there form the ground. If folders in a room are listed too, the room
 * has only the files directly in it. `.oxlintrc.json` holds the same as import rules (`npm run house -- --write`).
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['store', 'cost'],
  ['jsonl'],
  ['provider'],
  ['checkpoints', 'edges.ts'],
  ['contract.ts', 'polling.ts', 'metrics.ts'],
  ['executions', 'announce', 'endpoints'],
  ['output', 'spending'],
  ['reuse'],
  ['rows', 'batches'],
  ['profiles', 'ladder', 'pilot'],
  ['requests'],
  ['config'],
  ['collect/lines', 'tables'],
  ['collect/counts'],
  ['collect/round/files', 'fast-path'],
  ['collect/round/matching'],
  ['collect/round/evidence'],
  ['collect/round/decision'],
  ['collect/round/writing'],
  ['collect/round'],
  ['collect/shard', 'collect/retry'],
  ['collect'],
  ['doors', 'status', 'direct'],
  ['report'],
  ['api', 'runtime'],
  ['steps'],
];

const ROOMS = FLOORS.flat();

/** Files directly below `src/` that are on no floor. */
export const GROUND = 'ground';

/** True if folders of the room are rooms of their own. */
export function isDivided(room: string): boolean {
  return ROOMS.some((other) => other.startsWith(`${room}/`));
}

/** The room of a file of `src/`, such as `collect/round/files`. */
export function roomOf(file: string): string {
  const [first = '', ...rest] = file.replace(/^src\//, '').split('/');
  const folders = rest.slice(0, -1);
  if (rest.length === 0) return ROOMS.includes(first) ? first : GROUND;
  return folders.reduce((room, folder) => (isDivided(room) ? `${room}/${folder}` : room), first);
}

/** The floor of a room, with the ground as 0; undefined for a room that is on no floor yet. */
export function floorOf(room: string): number | undefined {
  if (room === GROUND) return 0;
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  return floor === -1 ? undefined : floor + 1;
}

/** True if an import leads to a room that is not below its own. */
export function goesUp(from: string, to: string): boolean {
  const [own, other] = [roomOf(from), roomOf(to)];
  if (own === other) return false;
  return (floorOf(other) ?? Infinity) >= (floorOf(own) ?? -1);
}

/** Rooms that a room must not import. */
export function roomsAbove(room: string): string[] {
  return ROOMS.filter((other) => other !== room && (floorOf(other) ?? 0) >= (floorOf(room) ?? 0));
}
