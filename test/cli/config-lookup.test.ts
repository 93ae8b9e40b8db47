import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../cli/config/load-config.ts';
import { runCli } from './run-cli.ts';
import { spawnCli } from './spawn-cli.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

let project: string;
let folder: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'nightshift-config-'));
  folder = join(project, 'some', 'folder');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rows.csv'), 'text\none\n');
});
afterEach(() => rm(project, { recursive: true, force: true }));

const put = (name: string, text: string): Promise<void> => writeFile(join(project, name), text);

const PLAN = ['plan', 'rows.csv', '--profile', 'mine', '--json'];

/** Plans a job of the profile `mine`. Succeeds if the configuration that is found has this profile. */
const plan = (...args: string[]) => runCli(folder, [...PLAN, ...args]);

/** The same in a separate process, which can load a configuration that is a module. */
const spawnPlan = () => spawnCli(folder, PLAN);

/** A JSON configuration with the profile `mine`. */
const MINE = '{"profiles":{"mine":{"provider":"simulator","model":"m","prompt":"{{text}}"}}}';

/** The same configuration as source text of a module. */
const config = (model: string): string =>
  `{ profiles: { mine: { provider: 'simulator', model: '${model}', prompt: '{{text}}' } } }`;

test('a configuration in JSON keeps the digits of numbers that are sent to the provider', async () => {
  const body = '{"seed":12345678901234567890,"top_p":1.0,"metadata":{"most":1e400}}';
  const schema = '{"type":"object","properties":{"n":{"type":"number","maximum":10.10}}}';
  const schedule = `{"rate":"1 hour","profile":"mine","rows":[{"seed":1.50}],"overrides":{"body":${body}}}`;
  await put(
    'nightshift.config.json',
    `{"profiles":{"mine":{"model":"m","rounds":2.0,"body":${body},"output":{"schema":${schema}}}},"schedules":{"hourly":${schedule}}}`,
  );

  const { profiles, schedules } = await loadConfig(join(project, 'nightshift.config.json'));

  expect(profiles?.['mine']?.rounds).toBe(2);
  expect(JSON.stringify(profiles?.['mine']?.body)).toBe(body);
  expect(JSON.stringify(profiles?.['mine']?.output?.schema)).toBe(schema);
  expect(JSON.stringify(schedules?.['hourly'])).toContain('"rows":[{"seed":1.50}]');
  expect(JSON.stringify(schedules?.['hourly']?.overrides?.body)).toBe(body);
});

describe('the configuration is found', () => {
  tableOf(
    [
      [
        'nightshift.config.ts',
        `import { defineConfig } from 'nightshift';\nexport default defineConfig(${config('m')});\n`,
      ],
      ['nightshift.config.mts', `const typed: object = ${config('m')};\nexport default typed;\n`],
      ['nightshift.config.mjs', `export default ${config('m')};\n`],
      [
        'nightshift.config.js',
        `const { defineConfig } = require('nightshift');\nmodule.exports = defineConfig(${config('m')});\n`,
      ],
      [
        'nightshift.config.js',
        `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = ${config('m')};\n`,
      ],
      ['nightshift.config.json', MINE],
    ],
    ([name, text]) => name.endsWith('.ts') || text.includes('require'),
  ).test('from the working directory upwards, as %s', async (name, text) => {
    await put(name, text);
    const { status, stdout, stderr } = await spawnPlan();
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'mine' });
    expect(status).toBe(0);
  });

  test('in a project that says it is CommonJS, also as TypeScript', EXHAUSTIVE, async () => {
    await put('package.json', '{"type":"commonjs"}');
    await put('nightshift.config.ts', `export default ${config('m')};\n`);
    expect(await spawnPlan()).toMatchObject({ status: 0, stderr: '' });
  });

  test('in the nearest folder', async () => {
    await put('nightshift.config.json', '{"profiles":{}}');
    await put(join('some', 'nightshift.config.json'), MINE);
    expect(await plan()).toMatchObject({ status: 0 });
  });

  test('at the path of --config', async () => {
    await put('nightshift.config.json', '{"profiles":{}}');
    await put('other.json', MINE);
    expect(await plan('--config', '../../other.json')).toMatchObject({ status: 0 });
  });

  test('also for the completion of profiles', async () => {
    await put('nightshift.config.json', MINE);
    const { stdout } = await spawnCli(folder, ['complete', '--', 'run', '--profile', 'mi']);
    expect(stdout).toContain('mine\t');
  });
});

describe('a usage error names the file and the problem', () => {
  tableOf(
    [
      ['nightshift.config.json', '{"profiles":', 'could not be loaded'],
      ['nightshift.config.mjs', "import 'not-there';\nexport default {};", "Cannot find package 'not-there'"],
      ['nightshift.config.mjs', `export const config = ${config('m')};`, 'has no default export'],
      ['nightshift.config.mjs', 'export default { profiles: { mine: { modle: 1 } } };', 'profiles.mine'],
      ['nightshift.config.ts', 'enum A { B }\nexport default { profiles: {} };', 'could not be loaded'],
    ],
    1,
  ).test('%s: %s', async (name, text, message) => {
    await put(name, text);
    const { status, stderr } = await spawnPlan();
    expect(stderr).toContain(join(project, name));
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });

  test('when there are several in one folder', async () => {
    await put('nightshift.config.json', '{"profiles":{}}');
    await put('nightshift.config.mjs', 'export default { profiles: {} };');
    const { status, stderr } = await plan();
    expect(stderr).toContain('nightshift.config.mjs, nightshift.config.json. Keep one');
    expect(status).toBe(2);
  });

  test('when --config names none', async () => {
    const { status, stderr } = await plan('--config', 'none.ts');
    expect(stderr).toContain('There is no configuration none.ts.');
    expect(status).toBe(2);
  });
});

test('without a configuration, the profiles of the examples can be used', async () => {
  const { status } = await runCli(folder, ['plan', 'rows.csv', '--profile', 'summarize', '--json']);
  expect(status).not.toBe(2);
});

test('the command line prints its version', async () => {
  const { status, stdout } = await runCli(folder, ['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(status).toBe(0);
});
