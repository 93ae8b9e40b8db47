import { execFile } from 'node:child_process';

export const BIN = new URL('../../bin/nightshift.js', import.meta.url).pathname;

export interface Exited {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of the user; nothing else of this process's environment is passed on. */
export const USER_ENV = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' };

/** Runs the command line in a separate process in this folder, as a user does. */
export function spawnCli(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Exited> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...USER_ENV, ...env } };
    execFile(process.execPath, [BIN, ...args], options, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
