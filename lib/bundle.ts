import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync, type BuildOptions } from 'esbuild';
import type { StepName } from './step-table.ts';

/** Expressions that are replaced, each by a JavaScript literal. */
export type Define = Readonly<Record<string, string>>;

/**
 * A step's code as one ES module, `index.handler`. Its bytes, and so its asset's hash, depend on the sources alone: not on
 * where the project lies, nor on where the CDK writes its output.
 */
export function bundle(step: StepName, define: Define = {}): Code {
  return Code.fromAsset(PROJECT_ROOT, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // No container is started: the bundler runs in this process.
      image: DockerImage.fromRegistry('none'),
      // Tells the bundles apart where the CDK asks whether it has made one already.
      command: [step, JSON.stringify(define)],
      local: {
        tryBundle: (folder) => {
          writeBundle(step, define, folder);
          return true;
        },
      },
    },
  });
}

const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url));

const OPTIONS = {
  absWorkingDir: PROJECT_ROOT,
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
  alias: { '@aws-sdk/credential-provider-node': `${PROJECT_ROOT}src/runtime/lambda-credentials.ts` },
  // CommonJS dependencies call `require`, which an ES module does not have.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  // Nothing is written there: the source map names the sources as they are seen from this path.
  outfile: 'index.mjs',
  write: false,
} as const satisfies BuildOptions;

function writeBundle(step: StepName, define: Define, folder: string): void {
  const { outputFiles } = buildSync({
    ...OPTIONS,
    entryPoints: [`lambdas/${step}.ts`],
    define: { ...define },
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of outputFiles) {
    const isMap = path.endsWith('.map');
    writeFileSync(join(folder, isMap ? 'index.mjs.map' : 'index.mjs'), isMap ? portableMap(text) : text);
  }
}

/** The source map with packages named by `node_modules/…`, wherever that folder is. */
function portableMap(text: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => source.replace(/^.*?(?=node_modules\/)/, ''));
  return `${JSON.stringify({ ...map, sources })}\n`;
}
