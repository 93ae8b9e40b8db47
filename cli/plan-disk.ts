import { tmpdir } from 'node:os';
import { styleText } from 'node:util';
import { estimateNeed, freeBytes, totalOf, type DiskNeed } from '../host/disk-need.ts';
import { rowsToSend, type Plan } from '../src/checkpoints/plan.ts';
import type { ResolvedProfile } from '../src/checkpoints/profile.ts';
import { InvalidRequest } from '../src/errors.ts';
import { printable } from '../src/text/printable.ts';
import { spaceProblem } from './check-disk.ts';
import { sizeText } from './view/size-text.ts';

/** Space in the data folder, in bytes. */
export interface PlannedDisk extends DiskNeed {
  /** Free bytes on the folder's disk; undefined if the system does not report them. */
  readonly free: number | undefined;
}

/**
 * Checks the free space of the disk on which a plan is built.
 * @throws InvalidRequest if the folder for temporary files has too little space for the requests of a plan
 */
export async function requireRoomToPlan(bytes: number): Promise<void> {
  const free = await freeBytes(tmpdir());
  if (free === undefined || bytes <= free) return;
  throw new InvalidRequest(
    `A plan builds the requests, about ${sizeText(bytes)}, in the folder for temporary files ("${printable(tmpdir())}"), whose disk has ${sizeText(free)} free. Free space on it, name another folder with the environment variable TMPDIR, or plan a sample with --limit.`,
  );
}

export async function planDisk(
  data: string,
  profile: ResolvedProfile,
  plan: Plan,
  input: number,
): Promise<PlannedDisk> {
  const requests = plan.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const need = estimateNeed({ input, rows: rowsToSend(plan), requests }, profile);
  return { ...need, free: await freeBytes(data) };
}

/** Smallest job, in bytes, for which a line about the disk is printed. */
const LEAST_DISK_BYTES = 1e9;

/** Describes the space that a run on this machine needs in its data folder. */
export function describeDisk(
  { disk, plan }: { readonly disk: PlannedDisk | undefined; readonly plan: Plan },
  data: string,
): string[] {
  if (disk === undefined || plan.failure !== undefined) return [];
  const problem = disk.free === undefined ? undefined : spaceProblem(disk, disk.free, data);
  if (problem !== undefined) return [styleText('yellow', problem.message)];
  const bytes = totalOf(disk);
  return bytes < LEAST_DISK_BYTES
    ? []
    : [`about ${sizeText(bytes)} in the data folder of a run on this machine`];
}
