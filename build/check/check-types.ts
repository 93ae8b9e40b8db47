import { match, strictEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPED, TYPOS } from './apps.ts';
import { constructExamples } from './construct-examples.ts';
import { attempt, run, UNVALIDATED } from './run.ts';

const STRICT = {
  strict: true,
  target: 'ES2022',
  types: ['node'],
  // The declarations of the package are checked, too.
  skipLibCheck: false,
};

/**
 * Checks that an app in TypeScript compiles with every compiler and for every kind of module, that it runs, and that the compiler
 * finds typing errors.
 */
export function checkTypes(app: string): void {
  for (const [module, type] of [
    ['NodeNext', 'module'],
    ['NodeNext', 'commonjs'],
    ['CommonJS', 'commonjs'],
  ] as const) {
    const folder = createApp(app, module, type);
    checkErrors(attempt(tool(app, 'tsc'), ['--noEmit', '--pretty', 'false'], { folder }).output);
    const env = { ...UNVALIDATED, CDK_OUTDIR: join(folder, 'cdk.out') };
    run(tool(app, 'tsx'), ['app.ts'], { folder, env });
    // The types of the app are already checked.
    if (type === 'commonjs') run(tool(app, 'ts-node'), ['--transpile-only', 'app.ts'], { folder, env });
  }
}

/**
 * Checks that the compiler reports exactly the typing errors. All files are compiled together, because a compilation takes long.
 */
function checkErrors(output: string): void {
  const errors = output.split('\n').filter((line) => line.includes('error TS'));
  strictEqual(errors.length, 2, output);
  match(
    errors.join('\n'),
    /^typos\.ts.*'?modle'? does not exist.*\ntypos\.ts.*'?encyptionKey'? does not exist/,
  );
}

const tool = (app: string, name: string): string => join(app, 'node_modules', '.bin', name);

function createApp(app: string, module: string, type: string): string {
  const folder = join(app, `${module}-${type}`.toLowerCase());
  mkdirSync(folder);
  const resolution = module === 'CommonJS' ? { moduleResolution: 'node10' } : {};
  const compilerOptions = { ...STRICT, module, ...resolution };
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['app.ts', 'examples.ts', 'typos.ts'] }),
    'app.ts': TYPED,
    'examples.ts': constructExamples(),
    'typos.ts': TYPOS,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
