import { clearScreenDown, moveCursor } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { JobDetails } from '../../src/status/job-status.ts';
import { typedLine } from '../json-lines.ts';
import { print, shown as shownOn } from '../output.ts';
import { newApprovalCommands } from './approval-commands.ts';
import { changes } from './changes.ts';
import { renderFrame } from './frame.ts';
import { isLive, type Screen } from './is-live.ts';

/** Shows the progress of a job. */
export interface View {
  show(details: JobDetails): void;
  /** Prints a line that is not erased later, such as a retried step. */
  note(line: string): void;
  /** Leaves the current output in place. Afterwards only notes are shown. */
  end(): void;
}

const TICK_MS = 1_000;

/**
 * Updates the output in place: at every change, every second, and when the terminal changes its size.
 * @param options options of the suggested commands, which select the job
 */
export function createLiveView(stream: Screen, options = ''): View {
  // The cursor stays visible, because a killed process could not restore it.
  const draw = createLogUpdate(stream, { showCursor: true });
  let shown: JobDetails | undefined;
  let lines: string[] = [];
  let ended = false;
  const redraw = (): void => {
    if (shown === undefined || ended) return;
    const { columns, rows } = stream;
    lines = renderFrame(shown, { columns, rows }, Date.now());
    draw(lines.map((line) => shownOn(line, stream)).join('\n'));
  };
  const resize = (): void => {
    if (shown === undefined || ended) return;
    eraseReflowed(stream, lines);
    // The last output was erased, so drawing starts again.
    draw.done();
    redraw();
  };
  const ticker = setInterval(redraw, TICK_MS).unref();
  stream.on('resize', resize);
  return {
    show(details) {
      // Printed above the part that is updated in place, where a command is never cut to the width of the terminal.
      for (const line of newApprovalCommands(shown?.status, details.status, options))
        draw.persist(shownOn(line, stream));
      shown = details;
      redraw();
    },
    note(line) {
      const text = shownOn(line, stream);
      if (ended) stream.write(`${text}\n`);
      else draw.persist(text);
    },
    end() {
      if (ended) return;
      redraw();
      ended = true;
      clearInterval(ticker);
      stream.off('resize', resize);
      draw.done();
    },
  };
}

/** Erases lines that were drawn for another width, which the terminal has wrapped by now. */
function eraseReflowed(stream: Screen, lines: readonly string[]): void {
  const widths = lines.map((line) => stripVTControlCharacters(line).length);
  const height = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / stream.columns)), 0);
  moveCursor(stream, -stream.columns, -height);
  clearScreenDown(stream);
}

/**
 * Prints a line per change.
 * @param options options of the suggested commands, which select the job
 */
export function createPlainView(print: (line: string) => void, options = ''): View {
  let shown: JobDetails | undefined;
  return {
    show(details) {
      for (const line of changes(shown, details, Date.now())) print(line);
      for (const line of newApprovalCommands(shown?.status, details.status, options)) print(line);
      shown = details;
    },
    note: print,
    end: () => undefined,
  };
}

/** Prints a JSON object per change, one per line. */
export function createJsonView(print: (line: string) => void): View {
  let last = '';
  return {
    show({ status }) {
      const line = typedLine('job', status);
      if (line !== last) print(line);
      last = line;
    },
    note: () => undefined,
    end: () => undefined,
  };
}

/**
 * Opens the view that fits standard output.
 * @param options options of the suggested commands, which select the job
 */
export function openView({ json }: { readonly json?: boolean | undefined }, options: string): View {
  if (json === true) return createJsonView(print);
  return isLive(process.stdout, process.env)
    ? createLiveView(process.stdout, options)
    : createPlainView(print, options);
}
