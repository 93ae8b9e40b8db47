import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { requireReadable } from '../../host/readable-file.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { DIALECTS, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { startSimulator, type SimulatorOptions } from '../../simulator/index.ts';
import { print } from '../output.ts';
import { portNumber, wholeNumber } from './numbers.ts';

interface SimulatorFlags {
  readonly port: number;
  readonly dialect: DialectName;
  readonly folder?: string;
  readonly seed: number;
  readonly script?: string;
}

/** `nightshift simulator` runs only the simulated provider, until it is stopped. */
export function simulatorCommand(): Command {
  return new Command('simulator')
    .description('run the simulated provider on its own until Ctrl-C; it accepts any key')
    .option('-p, --port <number>', 'port on 127.0.0.1', portNumber, 8787)
    .addOption(
      new Option(
        '-d, --dialect <name>',
        'the provider to simulate: its statuses, counters, errors and limits',
      )
        .choices(Object.keys(DIALECTS))
        .default('melious'),
    )
    .option('--folder <path>', 'keep files and batches in this folder, so that they survive a restart')
    .option('--seed <number>', 'the seed of the answers', wholeNumber, 1)
    .option(
      '--script <file>',
      'JSON of speeds, limits and faults: {"stages": {…}, "enqueuedTokens": {…}, "faults": […]} (simulator/faults.ts)',
    )
    .action(async ({ script, ...flags }: SimulatorFlags) => {
      const simulator = await startSimulator({
        ...flags,
        ...(script !== undefined && (await readScript(script))),
      });
      print(`The ${flags.dialect} simulator listens on ${simulator.url}. Ctrl-C stops it.`);
      process.once('SIGINT', () => void simulator.close());
      process.once('SIGTERM', () => void simulator.close());
    });
}

/** Schema of a script without its faults, whose types are in `faults.ts`. */
const scriptSchema = z.strictObject({
  stages: z
    .strictObject({
      queuedSeconds: z.number().min(0),
      runningSeconds: z.number().min(0),
      finalizingSeconds: z.number().min(0),
    })
    .optional(),
  enqueuedTokens: z
    .strictObject({
      tokens: z.number().int().min(1),
      refuses: z.enum(['create', 'batch']),
      namesLimit: z.boolean().optional(),
    })
    .optional(),
  faults: z.array(z.looseObject({ at: z.string(), action: z.looseObject({ kind: z.string() }) })).optional(),
});

async function readScript(
  file: string,
): Promise<Pick<SimulatorOptions, 'stages' | 'enqueuedTokens' | 'faults'>> {
  await requireReadable(file);
  try {
    return scriptSchema.parse(JSON.parse(await readFile(file, 'utf8'))) as Pick<
      SimulatorOptions,
      'stages' | 'enqueuedTokens' | 'faults'
    >;
  } catch (error) {
    throw new InvalidRequest(`--script: ${file} is not a script of speeds and faults.`, { cause: error });
  }
}
