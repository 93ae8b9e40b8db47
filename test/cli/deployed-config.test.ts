import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import { DEPLOYED_CONFIG_KEY, jobKey } from '../../src/checkpoints/keys.ts';
import { requireJson } from '../../src/store/json.ts';
import { openCloud, STATE_MACHINE_ARN, type Cloud } from './open-cloud.ts';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());

/** Submits a new file. Returns the model of its job and the error output. */
async function submit(name: string): Promise<{ model: unknown; stderr: string }> {
  await writeFile(join(cloud.folder, name), '{"prompt":"echo:one"}\n');
  const { stdout, stderr } = await cloud.nightshift('submit', name, '--profile', 'mine', '--json');
  const { jobId } = JSON.parse(stdout) as { jobId: string };
  const job = await requireJson<{ profile: { model: unknown } }>(cloud.store, jobKey(jobId));
  return { model: job.profile.model, stderr };
}

describe('a job is started with the configuration that is deployed', () => {
  const config = (model: string) => ({ profiles: { mine: { provider: 'melious', model } } });

  test('and not with the one in the working directory', async () => {
    await deployedConfigObject.write(cloud.store, undefined, config('deployed'));
    await writeFile(join(cloud.folder, 'nightshift.config.json'), JSON.stringify(config('local')));
    expect(await submit('one.jsonl')).toEqual({ model: 'deployed', stderr: '' });
  });

  test('and, if the stack has not published one, with the one of the working directory and a notice', async () => {
    await cloud.store.delete(DEPLOYED_CONFIG_KEY);
    await writeFile(join(cloud.folder, 'nightshift.config.json'), JSON.stringify(config('local')));
    const { model, stderr } = await submit('two.jsonl');
    expect(stderr).toContain('Deploy the stack again');
    expect(model).toBe('local');
  });
});

test('of several workflows in one stack, the one with the prefix is used', async () => {
  const stack = {
    OneBucketName: 'nightshift-data',
    OneStateMachineAliasArn: STATE_MACHINE_ARN,
    TwoBucketName: 'another',
    TwoStateMachineAliasArn: STATE_MACHINE_ARN,
  };
  await writeFile(join(cloud.folder, 'prefixed.json'), JSON.stringify({ Theirs: stack }));
  const { stderr } = await cloud.nightshift('list', '--outputs', 'prefixed.json');
  expect(stderr).toContain('several stacks: Theirs/One, Theirs/Two. Choose one with --stack.');
});
