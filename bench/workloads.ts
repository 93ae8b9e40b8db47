import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createFolderStore } from '../src/store/folder-store.ts';
import {
  writeBuildJob,
  writeCollectData,
  writeCsv,
  writePrompts,
  writeReadyLines,
  writeShards,
  type CollectData,
} from './data.ts';
import type { Command } from './measure.ts';
import { cat, python, shell, sourceOf } from './programs.ts';
import { startServer } from './servers.ts';
import { atMost, faster, memory, type Setting, type Workload } from './workload.ts';

/** Everything that is measured, by the name that `--only` takes. Data is made when a workload is asked for. */
export const WORKLOADS: Readonly<Record<string, (setting: Setting) => Promise<readonly Workload[]>>> = {
  build: buildWorkloads,
  ids: idWorkloads,
  collect: collectWorkloads,
  join: joinWorkloads,
  s3: s3Workloads,
  transfer: transferWorkloads,
  job: jobWorkloads,
  growth: growthWorkloads,
};

async function buildWorkloads(setting: Setting): Promise<readonly Workload[]> {
  const { folder, program, hasPython } = setting;
  const rows = Math.round(1_000_000 * setting.scale);
  const out = join(folder, 'out');
  const input = (name: string): string => join(folder, name, 'input', name);
  const ours = (name: string): Command => program('build', pathToFileURL(join(folder, name)).href);
  for (const name of ['prompts.jsonl', 'ready.jsonl', 'rows.csv'])
    await makeBuildFolder(join(folder, name), name);
  await writePrompts(input('prompts.jsonl'), rows);
  await writeReadyLines(input('ready.jsonl'), rows);
  await writeCsv(input('rows.csv'), rows);
  return [
    {
      name: 'build, JSONL',
      what: `${rows} rows of 300 B`,
      ours: ours('prompts.jsonl'),
      others: {
        cat: cat(out, input('prompts.jsonl')),
        'naive Node': program('naive-build', input('prompts.jsonl'), out),
        ...(hasPython && { "the guide's Python": python('build.py', input('prompts.jsonl'), out) }),
      },
      targets: [atMost(10, 'cat'), faster(5, "the guide's Python"), memory(130)],
    },
    {
      name: 'build, ready-made lines',
      what: `${rows} request lines`,
      ours: ours('ready.jsonl'),
      others: { cat: cat(out, input('ready.jsonl')) },
      targets: [atMost(9, 'cat'), memory(130)],
    },
    {
      name: 'build, CSV',
      what: `${rows} rows of 270 B`,
      ours: ours('rows.csv'),
      others: {
        cat: cat(out, input('rows.csv')),
        ...(hasPython && { "Python's csv": python('build_csv.py', input('rows.csv'), out) }),
      },
      targets: [faster(2, "Python's csv"), memory(150)],
    },
  ];
}

async function makeBuildFolder(folder: string, name: string): Promise<void> {
  await makeInput(folder);
  await writeBuildJob(folder, `input/${name}`);
}

async function makeInput(folder: string): Promise<(name: string) => string> {
  await mkdir(join(folder, 'input'), { recursive: true });
  return (name) => join(folder, 'input', name);
}

function idWorkloads({ program, scale }: Setting): Promise<readonly Workload[]> {
  const count = String(Math.round(10_000_000 * scale));
  return Promise.resolve([
    {
      name: 'unique ids',
      what: `${count} ids`,
      ours: program('unique-ids', count),
      others: { 'Set of strings': program('set-of-ids', count) },
      // 150 MB above a Node process that does nothing.
      targets: [memory(195)],
    },
  ]);
}

async function collectWorkloads(setting: Setting): Promise<readonly Workload[]> {
  const shards = Math.max(1, Math.round(20 * setting.scale));
  const rows = Math.round(50_000 * Math.min(1, setting.scale * 2));
  return [
    await collectWorkload(setting, {
      data: { folder: join(setting.folder, 'chat'), endpoint: '/v1/chat/completions', shards, rows: 50_000 },
      what: `${shards * 50_000} answers in ${shards} shards, in no order`,
      field: 'text',
      targets: [atMost(12, 'cat'), faster(6, "the guide's Python"), memory(200)],
    }),
    await collectWorkload(setting, {
      data: { folder: join(setting.folder, 'embeddings'), endpoint: '/v1/embeddings', shards: 1, rows },
      what: `${rows} vectors of 1,024 floats, in no order`,
      field: 'embedding',
      targets: [atMost(4, 'cat'), faster(40, "the guide's Python"), memory(150)],
    }),
  ];
}

interface Collecting {
  readonly data: CollectData;
  readonly what: string;
  readonly field: string;
  readonly targets: Workload['targets'];
}

async function collectWorkload(
  { folder, program, hasPython }: Setting,
  { data, what, field, targets }: Collecting,
): Promise<Workload> {
  await writeCollectData(data);
  const shards = String(data.shards);
  const files = Array.from({ length: data.shards }, (_, n) => join(data.folder, `output-${n}.jsonl`));
  const out = join(folder, 'out');
  const again = `find '${data.folder}/jobs' -name 'round-1.[ocdr]*' ! -name '*requests*' -delete; find '${data.folder}/jobs' -name done.json -delete; find '${data.folder}/jobs' -path '*shards*' -name 'results.jsonl' -delete`;
  const { file, args } = program('collect', pathToFileURL(data.folder).href, data.folder, shards);
  return {
    name: `collect, ${data.endpoint === '/v1/embeddings' ? 'embeddings' : 'chat'}`,
    what,
    ours: shell(`${again}; exec ${[file, ...args].map((arg) => `'${arg}'`).join(' ')}`),
    others: {
      cat: cat(out, ...files),
      ...(hasPython && { "the guide's Python": python('collect.py', data.folder, shards, field, out) }),
    },
    targets,
  };
}

async function joinWorkloads(setting: Setting): Promise<readonly Workload[]> {
  const { folder, program, stack } = setting;
  const shards = 1_000;
  const rows = Math.round(1_000 * setting.scale);
  const url = pathToFileURL(join(folder, 'shards')).href;
  await writeShards(url, shards, rows, () => createFolderStore(join(folder, 'shards')));
  const bucket = join(folder, 's3-shards');
  await writeShards(url, 100, 50_000 * setting.scale, () => createFolderStore(bucket));
  const sink = stack.use(await startServer(sourceOf('s3-sink.mjs'), bucket));
  const results = `'${join(folder, 'shards')}'/jobs/*/shards/*/results.jsonl`;
  return [
    {
      name: 'join, folder',
      what: `${shards} shards of ${rows} rows`,
      ours: program('join', url),
      others: { cat: shell(`cat ${results} > '${join(folder, 'out')}'`) },
      targets: [],
    },
    {
      name: 'join, S3',
      what: `100 shards of ${50_000 * setting.scale} rows, copied by S3`,
      ours: onS3(program('join', 's3://bench'), sink.port),
      others: { cat: shell(`cat '${bucket}'/jobs/*/shards/*/results.jsonl > '${join(folder, 'out')}'`) },
      targets: [],
    },
  ];
}

function onS3(command: Command, port: number): Command {
  const env = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  };
  return { ...command, env };
}

async function s3Workloads(setting: Setting): Promise<readonly Workload[]> {
  const { folder, program, stack } = setting;
  const rows = Math.round(1_000_000 * setting.scale);
  const shards = Math.max(1, Math.round(2 * setting.scale));
  const data: CollectData = {
    folder: join(folder, 's3'),
    endpoint: '/v1/chat/completions',
    shards,
    rows: 50_000,
  };
  await writeCollectData(data);
  const buildFolder = join(folder, 's3-build');
  await makeBuildFolder(buildFolder, 'prompts.jsonl');
  await writePrompts(join(buildFolder, 'input', 'prompts.jsonl'), rows);
  const builds = stack.use(await startServer(sourceOf('s3-sink.mjs'), buildFolder));
  const { port } = stack.use(await startServer(sourceOf('s3-sink.mjs'), data.folder));
  const relay = (key: string, to = port): string => {
    const url = `http://127.0.0.1:${to}/bench`;
    return `curl -sS --fail '${url}/${key}' | curl -sS --fail -T - '${url}/copy-of-${key.replaceAll('/', '-')}'`;
  };
  const outputs = Array.from({ length: shards }, (_, n) => relay(`output-${n}.jsonl`));
  return [
    {
      name: 'through S3, build',
      what: `${rows} rows of 300 B`,
      ours: onS3(program('build', 's3://bench'), builds.port),
      others: { 'curl | curl': shell(relay('input/prompts.jsonl', builds.port)) },
      targets: [atMost(9, 'curl | curl'), memory(250)],
    },
    {
      name: 'through S3, collect',
      what: `${shards * 50_000} answers in ${shards} shards`,
      ours: onS3(
        shell(
          `rm -rf '${data.folder}'/jobs/*/shards/*/round-1.[ocd]* '${data.folder}'/jobs/*/shards/*/done.json; exec ${program(
            'collect',
            's3://bench',
            data.folder,
            String(shards),
          )
            .args.map((arg) => `'${arg}'`)
            .reduce((all, arg) => `${all} ${arg}`, `'${process.execPath}'`)}`,
        ),
        port,
      ),
      others: { 'curl | curl': shell(outputs.join('; ')) },
      targets: [atMost(7, 'curl | curl'), memory(250)],
    },
  ];
}

async function transferWorkloads({ folder, program, stack }: Setting): Promise<readonly Workload[]> {
  const input = await makeInput(folder);
  const [up, down] = [input('up.jsonl'), input('down.jsonl')];
  await writePrompts(up, 350_000);
  await writePrompts(down, 1_000_000);
  const { port } = stack.use(await startServer(sourceOf('file-server.mjs'), down));
  const url = `http://127.0.0.1:${port}/v1`;
  const megabytes = async (file: string): Promise<string> =>
    `${Math.round((await stat(file)).size / 1e6)} MB`;
  return [
    {
      name: 'upload',
      what: await megabytes(up),
      ours: program('transfer', 'up', url, up),
      others: {
        'the openai SDK': program('transfer-openai', 'up', url, up),
        curl: shell(`curl -sS --fail -F purpose=batch -F 'file=@${up}' ${url}/files`),
      },
      targets: [atMost(1, 'the openai SDK'), memory(150)],
    },
    {
      name: 'download',
      what: await megabytes(down),
      ours: program('transfer', 'down', url, down),
      others: {
        'the openai SDK': program('transfer-openai', 'down', url, down),
        curl: shell(`curl -sS --fail ${url}/files/file-1/content -o /dev/null`),
      },
      targets: [atMost(1, 'the openai SDK'), memory(150)],
    },
  ];
}

/** From the file to the summary. The simulator's own work, about half of it, is in everybody's time. */
async function jobWorkloads({ folder, hasPython, scale, stack }: Setting): Promise<readonly Workload[]> {
  const rows = Math.round(100_000 * Math.max(scale, 0.2));
  const at = join(folder, 'job');
  const input = await makeInput(at);
  await writePrompts(input('prompts.jsonl'), rows);
  await writePrompts(input('one.jsonl'), 1);
  const { port } = stack.use(await startServer(sourceOf('simulator.ts')));
  const url = `http://127.0.0.1:${port}/v1`;
  const ours = (key: string): Command => ({
    file: process.execPath,
    args: [sourceOf('whole-job.ts'), at, key, String(port)],
  });
  return [
    {
      name: 'whole job, local, its fixed part',
      what: '1 prompt: Node, the CDK and the state machine',
      ours: ours('input/one.jsonl'),
      others: {},
      targets: [],
    },
    {
      name: 'whole job, local',
      what: `${rows} prompts, the simulator at full speed`,
      ours: ours('input/prompts.jsonl'),
      others: {
        ...(hasPython && {
          "the guide's Python": python('whole_job.py', input('prompts.jsonl'), url, join(folder, 'out')),
        }),
      },
      targets: [faster(5, "the guide's Python")],
    },
  ];
}

/** The same build at ten times the rows, again and again: does it stay linear, and its memory as it is? */
async function growthWorkloads({ folder, program, scale }: Setting): Promise<readonly Workload[]> {
  const sizes = [10_000, 100_000, 1_000_000, 10_000_000].filter((rows) => rows <= 10_000_000 * scale);
  const workloads: Workload[] = [];
  for (const rows of sizes) {
    const at = join(folder, `growth-${rows}`);
    const file = join(at, 'input', 'prompts.jsonl');
    await makeBuildFolder(at, 'prompts.jsonl');
    await writePrompts(file, rows);
    workloads.push({
      name: `growth, ${rows} rows`,
      what: `${rows} rows of 300 B`,
      ours: program('build', pathToFileURL(at).href),
      others: { cat: cat(join(folder, 'out'), file) },
      targets: [],
    });
  }
  return workloads;
}
