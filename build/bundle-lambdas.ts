import { readFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { PROJECT } from './project.ts';
import { WITHOUT_LOCALES } from './without-locales.ts';

/** How much the bundles are compressed: `quick` for a run from the sources, `small` for the package. */
export type Compression = 'quick' | 'small';

const QUALITY = { quick: 4, small: 9 };

/**
 * Bundles every Lambda as one ES module with its source map, into `dist/lambdas.br`: JSON of the texts by step and file. They are
 * compressed together, because they have most of their code in common. The texts depend only on the sources, not on the location
 * of the project, so the hash of an asset is the same on every machine.
 * @param project the project whose sources are bundled
 * @returns the inputs of the bundles
 */
export async function bundleLambdas(
  project = PROJECT,
  compression: Compression = 'quick',
): Promise<Metafile> {
  const names = (await readdir(join(project, 'lambdas'))).map((file) => basename(file, '.ts'));
  const { outputFiles, metafile } = await build({
    ...LAMBDA_OPTIONS,
    ...IN_MEMORY,
    absWorkingDir: project,
    alias: { '@aws-sdk/credential-provider-node': join(project, 'src/runtime/lambda-credentials.ts') },
    entryPoints: Object.fromEntries(names.map((name) => [name, `lambdas/${name}.ts`])),
  });
  const bundles: Record<string, Record<string, string>> = {};
  for (const { path, text } of outputFiles) {
    const isMap = path.endsWith('.map');
    const name = basename(path, isMap ? '.mjs.map' : '.mjs');
    const files = (bundles[name] ??= {});
    if (isMap) files['index.mjs.map'] = portableMap(text);
    else files['index.mjs'] = text.replace(`=${name}.mjs.map`, '=index.mjs.map');
  }
  await writeChanged(join(project, 'dist'), compress(JSON.stringify(bundles), compression));
  return metafile;
}

function compress(text: string, compression: Compression): Buffer {
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY[compression],
      // A window of 16 MB: each bundle can refer to the one before it.
      [constants.BROTLI_PARAM_LGWIN]: 24,
    },
  });
}

/** Writes a file only if its content changes, because another process may be reading it. */
async function writeChanged(folder: string, bytes: Buffer): Promise<void> {
  const file = join(folder, 'lambdas.br');
  if ((await readFile(file).catch(() => undefined))?.equals(bytes)) return;
  await mkdir(folder, { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, file);
}

/**
 * Leaves out the source maps of packages. They name sources that were not published, by paths relative to the package: in one
 * project that is `src/…`, in another one a path of the machine.
 */
const WITHOUT_MAPS: Plugin = {
  name: 'without-maps',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll(/^\/\/# sourceMappingURL=.*$/gm, ''), loader: 'js' };
    });
  },
};

/** Makes a Lambda load the code that reads secrets when it starts, not during its first call. */
const SECRETS_AT_START: Plugin = {
  name: 'secrets-at-start',
  setup: (build) => {
    build.onResolve({ filter: /\/secrets-on-demand\.ts$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, 'secrets-manager.ts'),
    }));
  },
};

/** Leaves out undici's HTTP parser without SIMD. Every processor of Lambda supports SIMD, so this parser is never loaded. */
const ONE_HTTP_PARSER: Plugin = {
  name: 'one-http-parser',
  setup: (build) => {
    build.onResolve({ filter: /\/llhttp-wasm\.js$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, '../llhttp/llhttp_simd-wasm.js'),
    }));
  },
};

/** How Lambdas are bundled. The benchmark bundles its programs in the same way. */
export const LAMBDA_OPTIONS = {
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
  plugins: [WITHOUT_LOCALES, WITHOUT_MAPS, SECRETS_AT_START, ONE_HTTP_PARSER],
  // With this definition, undici leaves out a second, experimental parser.
  define: { esbuildDetection: 'true' },
} as const satisfies BuildOptions;

const IN_MEMORY = {
  // Nothing is written to this folder. Source maps name the sources relative to it.
  outdir: '.',
  write: false,
  metafile: true,
} as const satisfies BuildOptions;

/** Rewrites a source map: names packages as `node_modules/…`, wherever that folder is. */
function portableMap(text: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => source.replace(/^.*?(?=node_modules\/)/, ''));
  return `${JSON.stringify({ ...map, sources })}\n`;
}

if (import.meta.main) await bundleLambdas();
