import { FLOORS, GROUND, roomsAbove } from './floors.ts';

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
  if (room === GROUND || room === 'collect') return [`src/${room === GROUND ? '' : 'collect/'}*.ts`];
  return [room.endsWith('.ts') ? `src/${room}` : `src/${room}/**`];
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
  const fromRoot = room === GROUND || room.endsWith('.ts');
  const up = fromRoot ? '\\./' : '(\\.\\./)+';
  if (other.endsWith('.ts')) return `${up}${other.replace('.', '\\.')}$`;
  const [house, floor] = other.split('/');
  if (house === 'collect' && floor === undefined)
    return room.startsWith('collect/') ? '\\.\\./[a-z-]+\\.ts$' : `${up}collect/[a-z-]+\\.ts$`;
  if (floor !== undefined && room.startsWith('collect')) return `\\.{1,2}/${floor}/`;
  return `${up}${other}/`;
}
