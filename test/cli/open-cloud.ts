import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions, type LocalExecutions } from '../../host/engine.ts';
import { loadMachine } from '../../host/load-stack.ts';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import cliConfig from '../../nightshift.config.ts';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import { publishedConfig } from '../../src/config/published-config.ts';
import { createS3Store } from '../../src/store/s3-store.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { startLocalS3 } from '../store/local-s3.ts';
import { CONFIG } from '../support/config.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { runCli } from './run-cli.ts';
import type { Exited } from './spawn-cli.ts';
import { startAws } from './local-aws.ts';

const BUCKET = 'nightshift-data';
export const STATE_MACHINE_ARN = 'arn:aws:states:eu-central-1:111122223333:stateMachine:m:live';

/** A deployed stack as a command line uses it: S3 and Step Functions over HTTP, with the state machine behind them. */
export interface Cloud extends AsyncDisposable {
  /** The project folder that it was deployed from. */
  readonly folder: string;
  readonly store: ObjectStore;
  readonly simulator: Simulator;
  readonly executions: LocalExecutions;
  /** The environment of the command line. */
  readonly env: Readonly<Record<string, string>>;
  nightshift(...args: string[]): Promise<Exited>;
  /** Moves the creation time of every object back by these milliseconds. */
  age(milliseconds: number): Promise<void>;
  /** Stops the polls of all batches until the returned function is called. */
  hold(): () => void;
}

export async function openCloud(): Promise<Cloud> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-cloud-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const s3 = await startLocalS3();
  opened.defer(() => s3.close());
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const store = createS3Store(BUCKET, s3.client);
  const simulator = await startSimulator({
    apiKey: KEY,
    stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
  });
  opened.defer(() => simulator.close());
  const clock = { now: () => Date.now(), moveTo: () => undefined, follow: <T>(call: T): T => call };
  const edges = opened.use(openEdges(createFolderStore(folder), simulator, clock, () => undefined));

  let held = Promise.resolve();
  const callStep = callHandlers({ ...edges, store });
  const executions = createLocalExecutions({
    ...(await loadMachine(CONFIG)),
    callStep: async (step, event) => {
      if (step === 'poll-batch') await held;
      return callStep(step, event);
    },
    instant: true,
  });
  opened.defer(() => executions.leave());
  const stepFunctions = opened.use(await startAws(executions));
  // The configuration that a deploy publishes.
  await deployedConfigObject.write(store, undefined, publishedConfig(cliConfig));
  const outputs = { Nightshift: { BucketName: BUCKET, StateMachineAliasArn: STATE_MACHINE_ARN } };
  await writeFile(join(folder, 'cdk-outputs.json'), JSON.stringify(outputs));
  const env = {
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_SFN: stepFunctions.url,
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
  };
  const running = opened.move();
  return {
    folder,
    store,
    simulator,
    executions,
    env,
    nightshift: (...args) => runCli(folder, args, env),
    age: (milliseconds) => s3.age(milliseconds),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
