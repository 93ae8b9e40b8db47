#!/usr/bin/env node
// Plain JavaScript, so that an older Node can still report the required version.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** True in a clone of the repository, which has the sources. The package does not have them. */
const isClone = existsSync(new URL('./nightshift.ts', import.meta.url));
/** The required Node version. The package is compiled for Node 22; the sources need Node 24. */
const needed = isClone ? { major: 24, minor: 0 } : { major: 22, minor: 19 };

/** A run with this much input takes seconds; another start takes 0.05 s. */
const MUCH_INPUT_BYTES = 4 * 1_048_576;

if (major > needed.major || (major === needed.major && minor >= needed.minor)) {
  hideExperimentalWarnings();
  if (runsLong(process.argv.slice(2))) returnFreedMemory();
  // Halves the loading time: types are removed and code is compiled once, not at each start. The variable is for threads, which
  // use the cache that their environment names.
  process.env['NODE_COMPILE_CACHE'] ??= isClone
    ? fileURLToPath(new URL('../node_modules/.cache/nightshift-code', import.meta.url))
    : join(tmpdir(), 'node-compile-cache');
  module.enableCompileCache();
  if (isClone) leaveOutLocales();
  await import(isClone ? './nightshift.ts' : '../dist/cli/nightshift.js');
} else {
  const how = isClone
    ? 'npm brings Node 24 along: run "npm ci" (without --omit=optional), then "npm start" or "npx nightshift".'
    : 'Install a newer one from https://nodejs.org, or put "npx -p node@24 -p nightshift" before the command.';
  const version = needed.minor === 0 ? `${needed.major}` : `${needed.major}.${needed.minor}`;
  process.stderr.write(
    `nightshift needs Node ${version} or newer and runs on ${process.versions.node}. ${how}\n`,
  );
  process.exitCode = 2;
}

/**
 * True for a command that runs for more than a few seconds.
 * @param {string[]} words
 */
function runsLong([command, ...words]) {
  return command === 'local' || (command === 'run' && words.some((word) => word === '-' || isLarge(word)));
}

/** @param {string} word an argument, which need not be a path */
function isLarge(word) {
  try {
    return statSync(word).size >= MUCH_INPUT_BYTES;
  } catch {
    return false;
  }
}

/**
 * Starts this program again as the same process, with an allocator that returns large buffers to the system when they are
 * freed. The GNU C library otherwise keeps more than 100 MB of them (docs/performance.md), and reads this setting only at a
 * start.
 */
function returnFreedMemory() {
  const setting = 'MALLOC_MMAP_THRESHOLD_';
  const { platform, env, execPath, execArgv, argv } = process;
  if (platform !== 'linux' || process.execve === undefined || env[setting] !== undefined) return;
  // A new start would lose the channel to a parent that started this process by `fork`.
  if (process.channel !== undefined || !isProgram(execPath)) return;
  try {
    process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, [setting]: '65536' });
  } catch {
    // Node's permission model forbids `execve`. The program then only needs more memory.
  }
}

/**
 * True if the path is an executable file. Node ends the process if `execve` fails. Without `/proc`, the path is the
 * name by which Node was started, and an update may have removed that file.
 * @param {string} path
 */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return isAbsolute(path) && statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Leaves out zod's messages in 50 languages, which take longer to load than the rest of zod. Only the English messages are used.
 * The build of the package leaves them out, too (`build/without-locales.ts`).
 */
function leaveOutLocales() {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier.endsWith('/locales/index.js') && context.parentURL?.includes('/zod/v4/') === true
        ? { url: 'data:text/javascript,export {}', shortCircuit: true }
        : next(specifier, context),
  });
}

/**
 * Hides Node 22's warnings about experimental features: SQLite, which locks a data folder, and types in a configuration. The
 * program uses them, so a user cannot avoid the warnings.
 */
function hideExperimentalWarnings() {
  const { emitWarning } = process;
  /** @param {unknown[]} args */
  process.emitWarning = (...args) => {
    const [warning, options] = args;
    const type = warning instanceof Error ? warning.name : (options?.type ?? options);
    if (type !== 'ExperimentalWarning') emitWarning.apply(process, args);
  };
}
