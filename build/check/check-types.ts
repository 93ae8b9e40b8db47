import { match, notEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPED, TYPOS } from './apps.ts';
import { attempt, run } from './run.ts';

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
    run(tool(app, 'tsc'), ['--noEmit'], { folder });
    const { status, output } = attempt(tool(app, 'tsc'), ['--noEmit', '-p', 'typos.json'], { folder });
    notEqual(status, 0, 'The typos compile.');
    match(output, /'?modle'? does not exist/);
    match(output, /'?encyptionKey'? does not exist/);
    const env = { CDK_OUTDIR: join(folder, 'cdk.out') };
    run(tool(app, 'tsx'), ['app.ts'], { folder, env });
    if (type === 'commonjs') run(tool(app, 'ts-node'), ['app.ts'], { folder, env });
  }
}

const tool = (app: string, name: string): string => join(app, 'node_modules', '.bin', name);

function createApp(app: string, module: string, type: string): string {
  const folder = join(app, `${module}-${type}`.toLowerCase());
  mkdirSync(folder);
  const resolution = module === 'CommonJS' ? { moduleResolution: 'node10' } : {};
  const compilerOptions = { ...STRICT, module, ...resolution };
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['app.ts'] }),
    'typos.json': JSON.stringify({ compilerOptions, files: ['typos.ts'] }),
    'app.ts': TYPED,
    'typos.ts': TYPOS,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
