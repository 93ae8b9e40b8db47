import { Command, InvalidArgumentError } from 'commander';
import { parseWindow } from '../../src/provider/completion-window.ts';
import { jobsTable, problemsList } from './page.ts';
import { estimateScale } from './scale-model.ts';
import { DEFAULTS } from './scenarios.ts';

interface Flags {
  readonly shards: number;
  readonly rounds: number;
  readonly window: number;
  readonly takes?: number;
  readonly inFlight: number;
  readonly shardMb: number;
  readonly counters: boolean;
  readonly json?: true;
}

new Command('model')
  .description('what a job of a size would come to on AWS: time, events, requests and cost; nothing is run')
  .option('--shards <number>', 'shards of the job', wholeNumber, DEFAULTS.shards)
  .option('--rounds <number>', 'rounds of each shard', wholeNumber, DEFAULTS.rounds)
  .option('--window <duration>', 'completion window: 24h, 7d, 30m', windowOf, DEFAULTS.windowSeconds)
  .option('--takes <duration>', 'how long each batch takes (default: the window)', windowOf)
  .option('--in-flight <number>', 'batches at the provider at the same time', wholeNumber, DEFAULTS.inFlight)
  .option('--shard-mb <number>', 'request lines of a shard, in MB', wholeNumber, DEFAULTS.shardBytes / 1e6)
  .option('--no-counters', 'the provider does not report how many rows are done')
  .option('--json', 'print one JSON object')
  .action(printEstimate)
  .parse();

function printEstimate({
  shards,
  rounds,
  window,
  takes = window,
  inFlight,
  shardMb,
  counters,
  json,
}: Flags): void {
  const batch = { windowSeconds: window, endsAfter: takes, counters };
  const scenario = { shards, rounds, inFlight, shardBytes: shardMb * 1e6, ...batch };
  const text =
    json === true
      ? JSON.stringify(estimateScale(scenario))
      : [jobsTable([scenario]), problemsList([scenario])].join('\n');
  process.stdout.write(`${text.trimEnd()}\n`);
}

/**
 * Reads a whole number above 0.
 * @throws InvalidArgumentError, which commander reports with the option's name.
 */
function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

function windowOf(text: string): number {
  const seconds = parseWindow(text);
  if (seconds === undefined || seconds === 0)
    throw new InvalidArgumentError('It must be like 24h, 7d or 30m.');
  return seconds;
}
