import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, type Workload } from '../bench.ts';
import { requestLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { has } from '../machine.ts';
import { race, type Runner } from '../race.ts';
import { startServer } from '../servers/start-server.ts';

/** Uploading a shard to the provider and downloading an output file, over loopback. */

const ours = 'nightshift';
const sdk = 'openai SDK';

export const upload: Workload = transfer({
  name: 'upload',
  title: 'Upload',
  direction: 'up',
  megabytes: 105,
  curl: (url, file) => ['curl', '-sf', '-F', 'purpose=batch', '-F', `file=@${file}`, `${url}/files`],
});

export const download: Workload = transfer({
  name: 'download',
  title: 'Download',
  direction: 'down',
  megabytes: 300,
  curl: (url) => ['curl', '-sf', '-o', '/dev/null', `${url}/files/file-1/content`],
});

interface Transfer {
  readonly name: string;
  readonly title: string;
  readonly direction: 'up' | 'down';
  readonly megabytes: number;
  readonly curl: (url: string, file: string) => readonly string[];
}

function transfer({ name, title, direction, megabytes, curl }: Transfer): Workload {
  return async (bench) => {
    const folder = bench.folder(name);
    const file = fileOf(folder, megabytes);
    await using server = await startServer('provider-sink', [file]);
    const what = direction === 'up' ? file : 'file-1';
    const runner = (who: string, program: string): Runner => ({
      name: who,
      argv: [...bench.program(program), direction, server.url, what],
    });
    const inputBytes = bytesOf([file]);
    const result = await race({
      runners: [
        runner(ours, 'tasks/transfer'),
        runner(sdk, 'baselines/openai-sdk'),
        ...(has('curl') ? [{ name: 'curl', argv: curl(server.url, file) }] : []),
      ],
      repetitions: bench.repetitions,
      inputBytes,
      targets: [
        { ours, against: sdk, atLeast: 1 },
        { ours, against: 'curl', atMost: 20 },
        { ours, rssMb: 150 },
      ],
    });
    rmSync(folder, { recursive: true });
    // The ratio to curl has no target; it is only reported.
    const verdicts = result.verdicts.filter(({ target }) => !target.endsWith('curl'));
    return { name, title, size: `${Math.round(inputBytes / 1e6)} MB`, ...result, verdicts };
  };
}

/** Approximate size of a request line of `data/inputs.ts`. */
const LINE_BYTES = 326;

function fileOf(folder: string, megabytes: number): string {
  const file = join(folder, 'file.jsonl');
  writeLines(file, requestLines(Math.floor((megabytes * 1e6) / LINE_BYTES)));
  return file;
}
