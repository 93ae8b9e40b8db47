import { Command, Help } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { packageVersion } from '../../src/package-root.ts';
import { writeText } from '../output.ts';

/** A command with its entry in the list of commands. */
interface Entry {
  readonly group: string;
  /** Name, options and arguments. */
  readonly term: string;
  readonly description: string;
  /** Loads the command with everything that it imports, which is most of the time of a start. */
  readonly load: () => Promise<(loadConfig: LoadConfig) => Command>;
}

const OTHER = 'Other:';
const HERE = 'On this machine:';
const DEPLOYED = 'On a deployed stack (with --data, in a folder of this machine):';

const jobCommands = (): Promise<typeof import('./job-commands.ts')> => import('./job-commands.ts');

const ENTRIES: Readonly<Record<string, Entry>> = {
  run: {
    group: HERE,
    term: 'run [options] [files...]',
    description:
      'run one job on this machine: input files (.jsonl, .json, .csv, .tsv, .txt, each also .gz; .xlsx, .parquet), or a job request (.job.json)',
    load: async () => (await import('./run.ts')).runCommand,
  },
  plan: {
    group: HERE,
    term: 'plan [options] <files...>',
    description: 'print the size and cost of a job without sending anything: rows, shards, tokens, polls',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  local: {
    group: HERE,
    term: 'local [options]',
    description:
      'run the whole stack on this machine until it is stopped: dropped files, the API, the schedules',
    load: async () => (await import('./local.ts')).localCommand,
  },
  simulator: {
    group: HERE,
    term: 'simulator [options]',
    description: 'run the simulated provider on its own until Ctrl-C; it accepts any key',
    load: async () => (await import('./simulator.ts')).simulatorCommand,
  },
  submit: {
    group: DEPLOYED,
    term: 'submit [options] <files...>',
    description: 'start one job on a deployed stack: input files, or a job request (.job.json)',
    load: async () => (await import('./submit.ts')).submitCommand,
  },
  status: {
    group: DEPLOYED,
    term: 'status [options] [job]',
    description: 'show the status of a job',
    load: async () => (await jobCommands()).statusCommand,
  },
  watch: {
    group: DEPLOYED,
    term: 'watch [options] <job>',
    description: 'show the progress of a job until it ends, and its results',
    load: async () => (await import('./watch.ts')).watchCommand,
  },
  results: {
    group: DEPLOYED,
    term: 'results [options] <job>',
    description: 'show the first answers and the files of a job, or copy the files',
    load: async () => (await import('./results.ts')).resultsCommand,
  },
  cancel: {
    group: DEPLOYED,
    term: 'cancel [options] <job>',
    description: 'cancel a job: send nothing new, and keep the rows that are finished',
    load: async () => (await jobCommands()).cancelCommand,
  },
  resume: {
    group: DEPLOYED,
    term: 'resume [options] <job>',
    description: 'continue a job that failed or was cancelled; nothing is paid twice',
    load: async () => (await jobCommands()).resumeCommand,
  },
  approve: {
    group: DEPLOYED,
    term: 'approve [options] <job>',
    description: 'send the other rows of a job after its pilot',
    load: async () => (await import('./judge-commands.ts')).approveCommand,
  },
  reject: {
    group: DEPLOYED,
    term: 'reject [options] <job>',
    description: 'end a job that waits after its pilot; its other rows are not sent',
    load: async () => (await import('./judge-commands.ts')).rejectCommand,
  },
  retry: {
    group: DEPLOYED,
    term: 'retry [options] <job>',
    description: 'send the rows of a job that are not ok again, and merge their results',
    load: async () => (await import('./retry.ts')).retryCommand,
  },
  forget: {
    group: DEPLOYED,
    term: 'forget [options] [job]',
    description:
      'delete the rows and answers of a job that has ended, or those of single rows; later jobs do not reuse them',
    load: async () => (await import('./forget.ts')).forgetCommand,
  },
  list: {
    group: DEPLOYED,
    term: 'list [options]',
    description: 'list jobs, newest first',
    load: async () => (await jobCommands()).listCommand,
  },
  sweep: {
    group: DEPLOYED,
    term: 'sweep [options]',
    description: 'start the jobs of files below input/ whose event was lost',
    load: async () => (await import('./sweep.ts')).sweepCommand,
  },
  init: {
    group: OTHER,
    term: 'init [folder]',
    description: 'create a project: a configuration, an example table, and a CDK app',
    load: async () => (await import('./init.ts')).initCommand,
  },
};

/** Commands that need all other commands, and are defined by the completion library. */
const COMPLETION = ['completion', 'complete'];

/**
 * Creates the command line for the given words, or a complete one without any. Loads only the command that the words name; the
 * other commands have no options, only their entry in the list. Only commands that need the configuration read it.
 */
export async function createProgram(loadConfig: LoadConfig, words?: readonly string[]): Promise<Command> {
  const [first = '', second = ''] = words ?? [];
  const isWhole = words === undefined || COMPLETION.includes(first);
  const named = first === 'help' ? second : first;
  const program = new Command('nightshift')
    .description('Batch inference: a file of rows in, one result per row out.')
    .configureHelp({ subcommandTerm: termOf })
    .version(packageVersion(), '--version', 'print the version');
  for (const [name, { group, description, load }] of Object.entries(ENTRIES)) {
    const isLoaded = isWhole || name === named;
    const command = isLoaded ? (await load())(loadConfig) : new Command(name).description(description);
    program.addCommand(command.helpGroup(group));
  }
  program.commandsGroup(OTHER);
  if (isWhole) await (await import('./completion.ts')).addCompletion(program, loadConfig);
  else program.command('completion <shell>').description('Generate shell completion scripts');
  for (const command of [program, ...program.commands]) setUp(command);
  return program;
}

const plain = new Help();

function termOf(command: Command): string {
  return ENTRIES[command.name()]?.term ?? plain.subcommandTerm(command);
}

function setUp(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError('Run with --help for the list of commands.')
    // Error messages repeat the user's input, which may be a file name with control characters.
    .configureOutput({
      writeOut: (text) => writeText(process.stdout, text),
      writeErr: (text) => writeText(process.stderr, text),
    });
}
