import { FLOORS, GROUND, isDivided, roomsAbove } from './floors.ts';

interface Pattern {
  readonly regex: string;
  readonly message: string;
}

/** Folders that no file of `src/` imports. */
const OUTSIDE: readonly Pattern[] = [
  {
    regex: '^\\.{1,2}/(.*/)?(bin|lib|lambdas|cli|host|simulator|test|bench)/',
    message: 'src is the workflow itself: it imports nothing of the project but src.',
  },
  { regex: '^(aws-cdk-lib|constructs)', message: 'The CDK belongs to lib.' },
];

/** The linter's overrides for `src/`: one per room, in the order of the floors. */
export function importRules(): object[] {
  return [GROUND, ...FLOORS.flat()].map((room) => ({
    files: filesOf(room),
    rules: { 'no-restricted-imports': ['error', { patterns: [...OUTSIDE, ...floorPatterns(room)] }] },
  }));
}

/** A later override replaces an earlier one, so the rules of the floors come after those of the ground. */
function filesOf(room: string): string[] {
  if (room === GROUND) return ['src/*.ts'];
  if (room.endsWith('.ts')) return [`src/${room}`];
  return [`src/${room}/${isDivided(room) ? '*.ts' : '**'}`];
}

function floorPatterns(room: string): Pattern[] {
  const above = roomsAbove(room);
  if (above.length === 0) return [];
  const message =
    room === GROUND
      ? 'Files right below src are the ground: they import no room.'
      : `Imports go down: ${room} is below this room, or beside it (bench/house/floors.ts).`;
  return [{ regex: `^(${above.map((other) => pathTo(room, other)).join('|')})`, message }];
}

/** Patterns of the imports by which a file of one room names another room. */
function pathTo(room: string, other: string): string {
  const from = room === GROUND || room.endsWith('.ts') ? [] : room.split('/');
  const to = other.split('/');
  const shared = from.findIndex((folder, n) => folder !== to[n]);
  const ups = shared === -1 ? 0 : from.length - shared;
  const rest = to.slice(from.length - ups).join('/');
  if (other.endsWith('.ts')) return `${upwards(ups)}${rest.replace('.', '\\.')}$`;
  if (!isDivided(other)) return `${upwards(ups)}${rest}/`;
  return rest === '' ? `(\\.\\./){${ups}}[a-z-]+\\.ts$` : `${upwards(ups)}${rest}/[a-z-]+\\.ts$`;
}

/** A file in a folder of its room needs more steps than the room itself. */
const upwards = (ups: number): string => (ups === 0 ? '\\./' : '(\\.\\./)+');
