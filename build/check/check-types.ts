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
  // Also the declarations of the package are checked.
  skipLibCheck: false,
};

/** An app in TypeScript compiles and runs, whatever it is compiled by and to, and typos are found. */
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
    // Its types have been checked.
    if (type === 'commonjs') run(tool(app, 'ts-node'), ['--transpile-only', 'app.ts'], { folder, env });
  }
}

/** Of files that are compiled together, since it takes long: the errors are those of the typos, and no others. */
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
