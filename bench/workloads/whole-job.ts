import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf, type Workload } from '../bench.ts';
import { promptLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { has } from '../machine.ts';
import { race, type Runner } from '../race.ts';
import type { Fact } from '../report.ts';
import { startServer, type Server } from '../servers/start-server.ts';

/** 100,000 prompts from a file to their results on this machine, against the simulator at full speed. */

const ours = 'nightshift';
const guide = "guide's script, a poll a second";
const asWritten = "guide's script as written";

export const wholeJob: Workload = async (bench) => {
  const rows = bench.size(20_000, 100_000);
  const folder = bench.folder('whole-job');
  const input = join(folder, 'prompts.jsonl');
  const inputBytes = writeLines(input, promptLines(rows));
  await using simulator = await startServer('simulator');
  const data = join(folder, 'data');
  const busy: number[] = [];
  const runners: Runner[] = [
    {
      name: ours,
      argv: [...bench.program('tasks/whole-job'), data, input],
      env: { PROVIDER_BASE_URLS: JSON.stringify({ simulator: simulator.url }), SIMULATOR_API_KEY: 'bench' },
      before: async () => {
        rmSync(data, { recursive: true, force: true });
        busy.push(await simulator.cpuSeconds());
      },
    },
    {
      // Does nothing: its start is when ours has ended.
      name: 'nothing',
      argv: ['true'],
      before: async () => void busy.push(await simulator.cpuSeconds()),
    },
    ...pythons(simulator, input, join(folder, 'guide.jsonl'), bench.program('baselines/guide.py')),
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
  const client = result.stdout.get(guide)?.trim();
  return {
    name: 'job',
    title: 'A whole job on this machine',
    size: sizeOf(rows, inputBytes),
    ...result,
    contestants: result.contestants.filter(({ name }) => name !== 'nothing'),
    facts: shareOf(result.contestants.find(({ name }) => name === ours)?.cpu?.median, busy),
    notes: [
      ...result.notes,
      ...(client === undefined ? [] : [`The guide's script ran with ${client}.`]),
      'Our time holds synthesizing the CDK stack and the waits of the state machine: a second before a batch is first looked at.',
    ],
  };
};

function pythons(server: Server, input: string, out: string, program: readonly string[]): Runner[] {
  if (!has('python3')) return [];
  const runner = (name: string, seconds: number): Runner => ({
    name,
    argv: [...program, server.url, input, out, String(seconds)],
  });
  return [runner(guide, 1), { ...runner(asWritten, 30), once: true }];
}

/** CPU time of the workflow beside that of the simulator while it ran; `busy` is the latter before and after each run. */
function shareOf(own: number | undefined, busy: readonly number[]): Fact[] {
  const spent = busy.flatMap((before, n) => (n % 2 === 0 ? [(busy[n + 1] ?? before) - before] : []));
  const theirs = spent.toSorted((a, b) => a - b)[Math.floor(spent.length / 2)];
  if (own === undefined || theirs === undefined) return [];
  return [
    { name: "the workflow's CPU time", value: `${own.toFixed(2)} s` },
    { name: "the simulator's CPU time meanwhile", value: `${theirs.toFixed(2)} s` },
    { name: "the workflow's own share", value: `${((100 * own) / (own + theirs)).toFixed(0)} %` },
  ];
}
