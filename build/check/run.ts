import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

export interface RunOptions {
  readonly folder: string;
  /** The Node binary for the command and for everything that it starts. Default: that of this process. */
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Turns off the validation of templates that were already validated: the CDK starts its validator again in each process, which
 * takes 10 s.
 */
export const UNVALIDATED = { CDK_VALIDATION: 'false' } as const;

/** Runs a command to its end. */
export function attempt(command: string, args: readonly string[], options: RunOptions): Ran {
  const { folder, node = process.execPath, env } = options;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
      // npm passes the location of its package to its scripts. These commands have other packages.
      INIT_CWD: '',
      npm_config_update_notifier: 'false',
      ...env,
    },
  });
  return { status, output: `${stdout}${stderr}` };
}

/**
 * Runs a command to its end.
 * @throws Error with everything that the command printed, if it fails
 */
export function run(command: string, args: readonly string[], options: RunOptions): string {
  const { status, output } = attempt(command, args, options);
  if (status === 0) return output;
  throw new Error(`${command} ${args.join(' ')} ended with ${status} in ${options.folder}:\n${output}`);
}

/** Installs packages as a user would. */
export function install(folder: string, ...packages: readonly string[]): void {
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { folder });
}
