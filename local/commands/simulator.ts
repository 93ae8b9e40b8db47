import { Command, InvalidArgumentError, Option } from 'commander';
import { startSimulator } from '../simulator/index.ts';

interface SimulatorFlags {
  readonly port: number;
  readonly dialect: 'melious' | 'openai';
  readonly folder?: string;
  readonly seed: number;
}

/** `nightshift simulator`: the provider's double on its own, until it is stopped. */
export function simulatorCommand(): Command {
  return new Command('simulator')
    .description('start the provider simulator alone (any key is accepted) and keep it running')
    .option('-p, --port <number>', 'port on 127.0.0.1', wholeNumber, 8787)
    .addOption(
      new Option('-d, --dialect <name>', 'whose statuses, counters and errors')
        .choices(['melious', 'openai'])
        .default('melious'),
    )
    .option('--folder <path>', 'keep files and batches here, so that they survive a restart')
    .option('--seed <number>', 'answers are a function of this', wholeNumber, 1)
    .action(async (flags: SimulatorFlags) => {
      const simulator = await startSimulator(flags);
      process.stdout.write(`The ${flags.dialect} simulator listens on ${simulator.url}. Ctrl-C stops it.\n`);
      process.once('SIGINT', () => void simulator.close());
      process.once('SIGTERM', () => void simulator.close());
    });
}

/** @throws InvalidArgumentError, which commander reports with the option's name. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
