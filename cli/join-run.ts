import { summaryObject } from '../src/checkpoints/summary.ts';
import { printable } from '../src/text/printable.ts';
import type { RunFlags } from './commands/run-flags.ts';
import { watch } from './commands/watch.ts';
import { printError } from './output.ts';
import { writeToDestination, type Destination } from './destination.ts';
import { openTarget } from './targets/open-target.ts';

/** Watches a job that another process runs, until the job ends, instead of sending its rows a second time. */
export async function joinRun(
  { jobId, data }: { readonly jobId: string; readonly data: string },
  { json }: RunFlags,
  destination: Destination,
): Promise<number> {
  const target = await openTarget({ stack: undefined, outputs: '', data });
  printError(
    `Another process works with "${printable(data)}" and has job ${printable(jobId)}. It is watched here and not sent again.`,
  );
  const status = await watch(target, jobId, { ...(json && { json }), interval: 1 });
  if (destination.out === undefined) return status;
  const summary = await summaryObject.read(target.store, jobId);
  if (summary === undefined) return status;
  const [first] = await writeToDestination(target.store, summary, { ...destination, data });
  if (first !== undefined) printError(`Copied: ${printable(first)}`);
  return status;
}
