import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findBundles } from '../local/call-bundles.ts';
import { synthesizeBundles } from '../local/load-stack.ts';
import { measure } from './measure.ts';
import { sourceOf } from './programs.ts';
import { spread } from './statistics.ts';

export interface BundleFigures {
  readonly step: string;
  readonly kilobytes: number;
  /** To load it in a process of its own, above an empty handler. */
  readonly loadMs: number;
}

/** Size and load time of every Lambda's bundle, as it is deployed. */
export async function measureBundles(
  folder: string,
  emptyHandler: string,
  runs: number,
): Promise<BundleFigures[]> {
  const config = { profiles: { default: { provider: 'melious', model: 'm' } } };
  const bundles = findBundles(synthesizeBundles(config, join(folder, 'cdk.out')));
  const files = new Map([['', emptyHandler], ...bundles]);
  const walls = new Map([...files.keys()].map((step) => [step, [] as number[]]));
  // In turns, so that what else the machine does strikes everybody alike.
  for (let run = 0; run < Math.max(7, runs); run += 1) {
    for (const [step, file] of files) {
      const { wallSeconds } = await measure({ file: process.execPath, args: [sourceOf('load.mjs'), file] });
      walls.get(step)?.push(wallSeconds * 1_000);
    }
  }
  const load = (step: string): number => spread(walls.get(step) ?? []).median;
  const figures: BundleFigures[] = [];
  for (const [step, file] of bundles) {
    const { size } = await stat(file);
    figures.push({ step, kilobytes: Math.round(size / 1_000), loadMs: Math.round(load(step) - load('')) });
  }
  return figures;
}
