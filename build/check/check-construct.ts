import { deepStrictEqual } from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CJS, ESM } from './apps.ts';
import { run, UNVALIDATED, type RunOptions } from './run.ts';

export interface InstalledApps {
  /** `app` has the newest CDK, `old` has the lowest supported one. */
  readonly app: string;
  readonly old: string;
  readonly nodes: Readonly<Record<20 | 22 | 24, string>>;
}

/**
 * Checks that ES modules and CommonJS synthesize the construct with every Node version and CDK, and that the assets are the same
 * everywhere.
 */
export function checkConstruct({ app, old, nodes }: InstalledApps): void {
  for (const folder of [app, old]) {
    writeFileSync(join(folder, 'app.mjs'), ESM);
    writeFileSync(join(folder, 'app.cjs'), CJS);
  }
  // Here, the CDK also validates the templates.
  const expected = synth({ folder: app, node: nodes[24] }, 'app.mjs', 'regions');
  if (expected.length === 0) throw new Error('The synthesis has no assets.');
  const again = (folder: string, node: 20 | 22 | 24, ...args: string[]): void => {
    const assets = synth({ folder, node: nodes[node], env: UNVALIDATED }, ...args);
    deepStrictEqual(assets, expected, `${folder}, Node ${node}, ${args.join(' ')}`);
  };
  again(app, 20, 'app.cjs');
  again(app, 22, 'app.mjs');
  again(old, 20, 'app.mjs');
  again(old, 24, 'app.cjs', 'regions');
}

/**
 * Synthesizes an app.
 * @returns the names of the functions' assets, which are their hashes
 */
function synth(
  { folder, node, env }: RunOptions & { readonly node: string },
  ...args: readonly string[]
): string[] {
  const outdir = mkdtempSync(join(folder, 'out-'));
  run(node, args, { folder, node, env: { ...env, CDK_OUTDIR: outdir } });
  return readdirSync(outdir).filter((name) => /^asset\.[0-9a-f]{64}$/.test(name));
}
