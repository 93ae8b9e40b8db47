import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf, type Bench, type Workload } from '../bench.ts';
import { promptLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { has } from '../machine.ts';
import { configureRun } from './command-line.ts';
import { race, type RaceResult, type Runner } from '../race.ts';
import type { Contestant, Fact, Group } from '../report.ts';
import { startServer, type Server } from '../servers/start-server.ts';
import { spread } from '../stats.ts';

/** 100,000 prompts from a file to their results on this machine, with the simulator at full speed. */

const ours = 'nightshift';
const started = 'nightshift, ten rows';
const guide = "guide's script, a poll a second";
const asWritten = "guide's script as written";

export const wholeJob: Workload = async (bench) => {
  const rows = bench.size(20_000, 100_000);
  const folder = bench.folder('whole-job');
  const input = join(folder, 'prompts.jsonl');
  const inputBytes = writeLines(input, promptLines(rows));
  await using simulator = await startServer('simulator');
  const data = join(folder, 'data');
  const few = join(folder, 'few.jsonl');
  writeLines(few, promptLines(10));
  const run = configureRun(folder, { url: simulator.url });
  const busy: number[] = [];
  const runners: Runner[] = [
    {
      name: ours,
      ...run(input, data),
      before: async () => {
        rmSync(data, { recursive: true, force: true });
        busy.push(await simulator.cpuSeconds());
      },
    },
    {
      // A command that does nothing. Its start marks the end of our run.
      name: 'nothing',
      argv: ['true'],
      before: async () => void busy.push(await simulator.cpuSeconds()),
    },
    {
      name: started,
      ...run(few, data),
      before: async () => rmSync(data, { recursive: true, force: true }),
    },
    ...pythons(bench, simulator, input, join(folder, 'guide.jsonl')),
  ];
  const result = await race({
    runners,
    repetitions: bench.repetitions,
    inputBytes,
    targets: [
      { ours, against: asWritten, atLeast: 5 },
      { ours, against: guide, atLeast: 5 },
    ],
  });
  rmSync(folder, { recursive: true });
  return { size: sizeOf(rows, inputBytes), ...describeRace(result, busy) };
};

function describeRace(result: RaceResult, busy: readonly number[]): Omit<Group, 'size'> {
  const client = result.stdout.get(guide)?.trim();
  return {
    name: 'job',
    title: 'A whole job on this machine',
    ...result,
    contestants: result.contestants.filter(({ name }) => name !== 'nothing'),
    facts: shareOf(cpuOf(result.contestants, ours), cpuOf(result.contestants, started), busy),
    notes: [
      ...result.notes,
      ...(client === undefined ? [] : [`The guide's script ran with ${client}.`]),
      'Our time includes the start of `nightshift run` and the waits of the state machine: a second before a batch is first polled.',
    ],
  };
}

/** The original script always polls after 30 s, so it is used only for runs that may take long. */
function pythons(bench: Bench, server: Server, input: string, out: string): Runner[] {
  if (!has('python3')) return [];
  const runner = (name: string, seconds: number): Runner => ({
    name,
    argv: [...bench.program('baselines/guide.py'), server.url, input, out, String(seconds)],
  });
  return [runner(guide, 1), ...(bench.full ? [{ ...runner(asWritten, 30), once: true }] : [])];
}

const cpuOf = (contestants: readonly Contestant[], name: string): number | undefined =>
  contestants.find((each) => each.name === name)?.cpu?.median;

/**
 * CPU time of the workflow beside that of the simulator while it ran. `busy` is the simulator's CPU time before and after each
 * run. The time for ten rows is the start-up time: Node, the stack, the waits.
 */
function shareOf(own: number | undefined, start: number | undefined, busy: readonly number[]): Fact[] {
  const spent = busy.flatMap((before, n) => (n % 2 === 0 ? [(busy[n + 1] ?? before) - before] : []));
  if (own === undefined || start === undefined || spent.length === 0) return [];
  const theirs = spread(spent).median;
  const rows = own - start;
  return [
    { name: 'CPU time of a job of ten rows: the start', value: `${start.toFixed(2)} s` },
    { name: "the workflow's CPU time for the rows", value: `${rows.toFixed(2)} s` },
    { name: "the simulator's CPU time meanwhile", value: `${theirs.toFixed(2)} s` },
    {
      name: "the workflow's share of the rows' time",
      value: `${((100 * rows) / (rows + theirs)).toFixed(0)} %`,
    },
  ];
}
