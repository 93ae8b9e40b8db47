import { LAYERS, BASE, modulesAbove } from './layers.ts';

interface Pattern {
  readonly regex: string;
  readonly message: string;
}

/** Folders that no file of `src/` imports. */
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
  if (module === BASE || module === 'collect') return [`src/${module === BASE ? '' : 'collect/'}*.ts`];
  return [module.endsWith('.ts') ? `src/${module}` : `src/${module}/**`];
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
  const fromRoot = module === BASE || module.endsWith('.ts');
  const up = fromRoot ? '\\./' : '(\\.\\./)+';
  if (other.endsWith('.ts')) return `${up}${other.replace('.', '\\.')}$`;
  const [folder, subfolder] = other.split('/');
  if (folder === 'collect' && subfolder === undefined)
    return module.startsWith('collect/') ? '\\.\\./[a-z-]+\\.ts$' : `${up}collect/[a-z-]+\\.ts$`;
  if (subfolder !== undefined && module.startsWith('collect')) return `\\.{1,2}/${subfolder}/`;
  return `${up}${other}/`;
}
