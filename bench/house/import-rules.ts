import { BASE, isDivided, LAYERS, modulesAbove } from './layers.ts';

interface Pattern {
  readonly regex: string;
  readonly message: string;
}

/** Folders that no file of `src/` may import. */
const OUTSIDE: readonly Pattern[] = [
  {
    regex: '^\\.{1,2}/(.*/)?(bin|lib|lambdas|cli|host|simulator|test|bench)/',
    message: 'src must not import other folders of the project.',
  },
  { regex: '^(aws-cdk-lib|constructs)', message: 'Only lib imports the CDK.' },
];

/** The linter's overrides for `src/`: one per module, from the lowest layer up. */
export function importRules(): object[] {
  return [BASE, ...LAYERS.flat()].map((module) => ({
    files: filesOf(module),
    rules: { 'no-restricted-imports': ['error', { patterns: [...OUTSIDE, ...layerPatterns(module)] }] },
  }));
}

/** The linter's last matching override wins, so the rules of `src/*.ts` come first. */
function filesOf(module: string): string[] {
  if (module === BASE) return ['src/*.ts'];
  if (module.endsWith('.ts')) return [`src/${module}`];
  return [`src/${module}/${isDivided(module) ? '*.ts' : '**'}`];
}

function layerPatterns(module: string): Pattern[] {
  const above = modulesAbove(module);
  if (above.length === 0) return [];
  const message =
    module === BASE
      ? 'Files directly below src must not import files of its folders.'
      : `src/${module} must not import a module of its own layer or of a higher one (bench/house/layers.ts).`;
  return [{ regex: `^(${above.map((other) => pathTo(module, other)).join('|')})`, message }];
}

/** Regular expression of the paths by which a file of one module imports another module. */
function pathTo(module: string, other: string): string {
  const from = module === BASE || module.endsWith('.ts') ? [] : module.split('/');
  const to = other.split('/');
  const shared = from.findIndex((folder, n) => folder !== to[n]);
  const ups = shared === -1 ? 0 : from.length - shared;
  const rest = to.slice(from.length - ups).join('/');
  if (other.endsWith('.ts')) return `${upwards(ups)}${rest.replace('.', '\\.')}$`;
  if (!isDivided(other)) return `${upwards(ups)}${rest}/`;
  return rest === '' ? `(\\.\\./){${ups}}[a-z-]+\\.ts$` : `${upwards(ups)}${rest}/[a-z-]+\\.ts$`;
}

/** A file in a subfolder of its module needs more `../` than the module itself. */
const upwards = (ups: number): string => (ups === 0 ? '\\./' : '(\\.\\./)+');
