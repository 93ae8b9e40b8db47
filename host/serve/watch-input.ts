import { mkdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { isUnfinished } from '../../src/requests/unfinished-files.ts';
import { INPUT_PREFIX } from '../../src/checkpoints/keys.ts';

export interface WatchInput {
  /** The data folder. */
  readonly folder: string;
  /** A file is there, whole: now, or since before the watch began. */
  readonly onFile: (key: string) => void;
  /** How long a file must not have changed, in milliseconds: a copy that takes long is not to be read halfway. */
  readonly settleMs: number;
}

/** Watches the folder that dropping a file into starts a job. Resolves once all that lies there has been seen. */
export async function watchInput({ folder, onFile, settleMs }: WatchInput): Promise<AsyncDisposable> {
  const root = join(folder, INPUT_PREFIX);
  await mkdir(root, { recursive: true });
  const watcher = watch(root, {
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.min(100, settleMs) },
    // What editors and copies in progress leave; the folder itself may be hidden, though.
    ignored: (path) => path !== root && (basename(path).startsWith('.') || isUnfinished(basename(path))),
  });
  const tell = (path: string): void => onFile(relative(folder, path).split(sep).join('/'));
  watcher.on('add', tell).on('change', tell);
  await new Promise<void>((resolve, reject) => {
    watcher.once('ready', resolve).once('error', reject);
  });
  return { [Symbol.asyncDispose]: () => watcher.close() };
}
