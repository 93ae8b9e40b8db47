import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { PROJECT } from './project.ts';

/**
 * Bundles every Lambda as one ES module, `<step>/index.mjs`. The bytes depend on the sources alone, not on where the project or the
 * output is, so the hash of an asset is the same on every machine.
 * @param project whose sources; the bundles go to its `dist/lambdas`
 * @returns what went into them
 */
export async function bundleLambdas(project = PROJECT): Promise<Metafile> {
  const folder = join(project, 'dist', 'lambdas');
  const names = (await readdir(join(project, 'lambdas'))).map((file) => basename(file, '.ts'));
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    absWorkingDir: project,
    alias: { '@aws-sdk/credential-provider-node': join(project, 'src/runtime/lambda-credentials.ts') },
    entryPoints: Object.fromEntries(names.map((name) => [name, `lambdas/${name}.ts`])),
  });
  for (const name of await readdir(folder).catch(() => []))
    if (!names.includes(name)) await rm(join(folder, name), { recursive: true });
  for (const { path, text } of outputFiles) {
    const isMap = path.endsWith('.map');
    const name = basename(path, isMap ? '.mjs.map' : '.mjs');
    const file = join(folder, name, isMap ? 'index.mjs.map' : 'index.mjs');
    await writeChanged(file, isMap ? portableMap(text) : text.replace(`=${name}.mjs.map`, '=index.mjs.map'));
  }
  return metafile;
}

/** Leaves a file alone that is the same: another process may be reading it. */
async function writeChanged(file: string, text: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return;
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}

const OPTIONS = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  mainFields: ['module', 'main'],
  target: 'node24',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // CommonJS dependencies call `require`, which an ES module does not have.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  outExtension: { '.js': '.mjs' },
  // Nothing is written there: source maps name the sources as they are seen from this folder.
  outdir: '.',
  write: false,
  metafile: true,
} as const satisfies BuildOptions;

/** The source map with packages named by `node_modules/…`, wherever that folder is. */
function portableMap(text: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => source.replace(/^.*?(?=node_modules\/)/, ''));
  return `${JSON.stringify({ ...map, sources })}\n`;
}

if (import.meta.main) await bundleLambdas();
