import { deepStrictEqual } from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CJS, ESM } from './apps.ts';
import { run } from './run.ts';

export interface InstalledApps {
  /** Has the newest CDK, and `old` the lowest. */
  readonly app: string;
  readonly old: string;
  readonly nodes: Readonly<Record<20 | 22 | 24, string>>;
}

/** The construct is synthesized in plain JavaScript of both kinds, by every Node and CDK, with the same assets everywhere. */
export function checkConstruct({ app, old, nodes }: InstalledApps): void {
  for (const folder of [app, old]) {
    writeFileSync(join(folder, 'app.mjs'), ESM);
    writeFileSync(join(folder, 'app.cjs'), CJS);
  }
  const expected = synth(app, 'app.mjs', nodes[24], 'regions');
  if (expected.length === 0) throw new Error('The synthesis has no assets.');
  deepStrictEqual(synth(app, 'app.cjs', nodes[20]), expected, 'Node 20, CommonJS');
  deepStrictEqual(synth(app, 'app.mjs', nodes[22]), expected, 'Node 22, ES module');
  deepStrictEqual(synth(old, 'app.mjs', nodes[20]), expected, 'the lowest CDK, Node 20, ES module');
  deepStrictEqual(synth(old, 'app.cjs', nodes[24], 'regions'), expected, 'the lowest CDK, Node 24, CommonJS');
}

/** @returns the names of the functions' assets, which are their hashes */
function synth(folder: string, script: string, node: string, ...args: string[]): string[] {
  const outdir = join(folder, `out-${script}-${args.length}-${node.length}`);
  run(node, [script, ...args], { folder, node, env: { CDK_OUTDIR: outdir } });
  return readdirSync(outdir).filter((name) => /^asset\.[0-9a-f]{64}$/.test(name));
}
