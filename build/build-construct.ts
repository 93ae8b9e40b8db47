import { execFile } from 'node:child_process';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { DIST, PROJECT } from './project.ts';

/**
 * Builds the construct as an ES module and as CommonJS, each with its declarations. The CDK is not bundled, because a stack and
 * the construct in it must share it.
 * @returns the inputs of the bundles
 */
export async function buildConstruct(): Promise<Metafile[]> {
  const esm = await build({ ...OPTIONS, format: 'esm', outfile: 'dist/index.mjs', banner: REQUIRE });
  const cjs = await build({
    ...OPTIONS,
    format: 'cjs',
    outfile: 'dist/index.cjs',
    banner: { js: "const __module_url=require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': '__module_url' },
  });
  await declare();
  return [esm.metafile, cjs.metafile];
}

/** CommonJS dependencies call `require`, which an ES module does not have. */
export const REQUIRE = {
  js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
};

const OPTIONS = {
  absWorkingDir: PROJECT,
  entryPoints: ['lib/index.ts'],
  bundle: true,
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20',
  external: ['aws-cdk-lib', 'constructs'],
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Writes the declarations for ES modules and for CommonJS. The package.json of each folder says which of the two it has. */
async function declare(): Promise<void> {
  const types = join(DIST, 'types');
  await rm(types, { recursive: true, force: true });
  const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '--project', join(PROJECT, 'build/tsconfig.json')]);
  for (const file of await readdir(types, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = await readFile(join(types, file), 'utf8');
    await writeFile(join(types, file), portable(text, '../'.repeat(file.split(sep).length - 1)));
  }
  await copyZod(join(types, 'zod'));
  await cp(types, join(DIST, 'types-cjs'), { recursive: true });
  await writeFile(join(DIST, 'types-cjs', 'package.json'), '{ "type": "commonjs" }\n');
}

/**
 * Rewrites the paths of declarations so that every compiler resolves them.
 * @param up path from a declaration to the folder of all declarations
 */
function portable(text: string, up: string): string {
  return text
    .replaceAll(/(from |import\()(['"])(\.[^'"]+)\.ts\2/g, '$1$2$3.js$2')
    .replaceAll(/(from |import\()(['"])zod\2/g, `$1$2${up === '' ? './' : up}zod/index.js$2`);
}

/** Copies the few declarations of zod to which ours refer, so that the package needs no other package for its types. */
async function copyZod(folder: string): Promise<void> {
  const zod = join(PROJECT, 'node_modules', 'zod');
  await cp(join(zod, 'index.d.ts'), join(folder, 'index.d.ts'));
  const source = join(zod, 'v4');
  await cp(source, join(folder, 'v4'), {
    recursive: true,
    filter: async (path) =>
      (await stat(path)).isDirectory() ? !/[/\\](mini|tests?)$/.test(path) : path.endsWith('.d.ts'),
  });
}
