import xterm from '@xterm/headless';
import type { IPty } from '@lydell/node-pty';

/** A command in a pseudo-terminal, and what its user sees. */
export interface TerminalSession {
  /** All lines, including those that have scrolled away, without empty lines at the end. */
  lines(): string[];
  /** All output, including escape sequences. */
  written(): string;
  /** Waits until the lines match. Returns at once if they already do. */
  sees(pattern: RegExp): Promise<void>;
  /** Sends keystrokes. */
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Exit status, after all output was read. */
  readonly exited: Promise<number>;
}

export const CTRL_C = '\u0003';

export interface OpenTerminal {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Loads the pseudo-terminals of this platform. Undefined if the package does not support it. */
export async function loadPty(): Promise<typeof import('@lydell/node-pty') | undefined> {
  try {
    return await import('@lydell/node-pty');
  } catch (error) {
    process.stderr.write(`No pseudo-terminal here, so its tests are skipped: ${String(error)}\n`);
    return undefined;
  }
}

export async function openTerminal(
  command: string,
  args: readonly string[],
  { cwd, env, columns = 100, rows = 30 }: OpenTerminal,
): Promise<TerminalSession> {
  const { spawn } = await import('@lydell/node-pty');
  const pty = spawn(command, [...args], {
    cols: columns,
    rows,
    cwd,
    env: { TERM: 'xterm-256color', ...env },
  });
  const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 1_000, allowProposedApi: true });
  return new Session(pty, screen);
}

class Session implements TerminalSession {
  readonly exited: Promise<number>;
  readonly #pty: IPty;
  readonly #screen: xterm.Terminal;
  readonly #waiting = new Set<() => void>();
  #written = '';
  #drawn: Promise<void> = Promise.resolve();

  constructor(pty: IPty, screen: xterm.Terminal) {
    this.#pty = pty;
    this.#screen = screen;
    pty.onData((data) => {
      this.#written += data;
      this.#drawn = new Promise((resolve) => {
        screen.write(data, () => {
          for (const look of this.#waiting) look();
          resolve();
        });
      });
    });
    this.exited = new Promise((resolve) => {
      pty.onExit(({ exitCode }) => {
        const drawn = async (): Promise<number> => {
          await this.#drawn;
          for (const look of this.#waiting) look();
          return exitCode;
        };
        resolve(drawn());
      });
    });
  }

  lines(): string[] {
    const { active } = this.#screen.buffer;
    const lines = Array.from(
      { length: active.length },
      (_, n) => active.getLine(n)?.translateToString(true) ?? '',
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  written(): string {
    return this.#written;
  }

  async sees(pattern: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (pattern.test(this.lines().join('\n'))) resolve();
    };
    this.#waiting.add(look);
    look();
    const ended = this.exited.then(() => {
      look();
      return reject(new Error(`It ended without ${String(pattern)}:\n${this.lines().join('\n')}`));
    });
    await Promise.race([promise, ended.then(() => promise)]);
    this.#waiting.delete(look);
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }
}
