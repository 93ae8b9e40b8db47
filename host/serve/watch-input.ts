import { mkdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { isUnfinished } from '../../src/requests/unfinished-files.ts';
import { INPUT_PREFIX } from '../../src/checkpoints/keys.ts';

export interface WatchInput {
  /** The data folder. */
  readonly folder: string;
  /** Called for each complete file, new or existing. */
  readonly onFile: (key: string) => void;
  /** Time without a change after which a file counts as complete, in milliseconds. */
  readonly settleMs: number;
}

/** Watches the folder whose new files start jobs. Resolves once all existing files have been reported. */
export async function watchInput({ folder, onFile, settleMs }: WatchInput): Promise<AsyncDisposable> {
  const root = join(folder, INPUT_PREFIX);
  await mkdir(root, { recursive: true });
  const watcher = watch(root, {
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.min(100, settleMs) },
    // Ignores hidden and unfinished files below the folder. The folder itself may be hidden.
    ignored: (path) => path !== root && (basename(path).startsWith('.') || isUnfinished(basename(path))),
  });
  const report = (path: string): void => onFile(relative(folder, path).split(sep).join('/'));
  watcher.on('add', report).on('change', report);
  await new Promise<void>((resolve, reject) => {
    watcher.once('ready', resolve).once('error', reject);
  });
  return { [Symbol.asyncDispose]: () => watcher.close() };
}
