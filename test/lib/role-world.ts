import type { DialectName } from '../../src/provider/dialects/dialects.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { callEntryFunctions, callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions, type LocalExecutions } from '../../host/engine.ts';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { createApi } from '../../src/api/app.ts';
import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { jobPrefix, summaryKey } from '../../src/checkpoints/keys.ts';
import { publishConfig } from '../../src/job-control/publish-config.ts';
import { startJob, type StartEdges } from '../../src/job-control/start-job.ts';
import type { StepTime } from '../../src/pace.ts';
import { requireJson } from '../../src/store/json.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock } from '../support/clock.ts';
import { KEY, openEdges } from '../support/edges.ts';
import type { Roles } from './roles.ts';
import { stackMachine } from './synthesized-stack.ts';

/** The whole workflow in one process. Each function can do only what its role allows. */
export interface RoleWorld extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly executions: LocalExecutions;
  /** Not restricted by any role. */
  readonly store: ObjectStore;
  readonly api: OpenAPIHono;
  /**
   * Puts a file and delivers its event to start-job.
   * @returns the jobId
   */
  drop(key: string, content: string): Promise<string>;
  /**
   * Submits a file as the command line does.
   * @returns the jobId
   */
  submit(name: string, content: string): Promise<string>;
  /**
   * Puts a file whose event is lost, and sweeps.
   * @returns the jobIds
   */
  sweep(key: string, content: string): Promise<readonly string[]>;
  /**
   * Delivers the event of a schedule.
   * @returns the jobId
   */
  fire(schedule: string, time: string): Promise<string>;
  /** Makes the next calls of the step wait until they are released. */
  hold(step: string): Hold;
  /** Makes each further call of the function fail with an unexpected error. */
  break(step: string): void;
  /** Another caller creates the next object with a matching key first, with this content. */
  outrun(keys: RegExp, content?: string): void;
  /** Publishes the configuration as a deploy does, which waits for a response at this address. */
  publish(address: string): Promise<void>;
  /** Lets the function die once, just before it writes a matching object. Then calls `afterwards`. */
  crashBefore(keys: RegExp, afterwards: () => Promise<void>): void;
  /** Waits until no execution and no entry function runs. */
  settled(): Promise<void>;
  summary(jobId: string): Promise<Summary>;
}

export interface Hold {
  /** Resolves when the step is called. */
  readonly reached: Promise<void>;
  release(): void;
}

const configOf = ({
  dialect = 'melious',
  owner,
  unlimited = false,
  sliceBytes,
}: Partial<RoleWorldOptions>): NightshiftConfig =>
  defineConfig({
    ...(owner && { api: { owner } }),
    ...(sliceBytes !== undefined && { limits: { sliceBytes } }),
    // One slot, so that shards wait for each other.
    providers: {
      simulator: { dialect, baseUrl: 'http://127.0.0.1:9/v1', ...(unlimited ? {} : { maxBatches: 1 }) },
    },
    profiles: {
      default: { provider: 'simulator', model: 'glm-4.7:batch', also: ['csv', 'parquet'] },
      // One shard per row.
      divided: { provider: 'simulator', model: 'glm-4.7:batch', shardLimits: { maxRows: 1 } },
      piloted: {
        provider: 'simulator',
        model: 'glm-4.7:batch',
        pilot: { rows: 1, maxBad: 0.5, approve: true },
      },
      // The pilot is chosen from several shards.
      chosen: {
        provider: 'simulator',
        model: 'glm-4.7:batch',
        pilot: { rows: 2, maxBad: 0.9 },
        shardLimits: { maxRows: 2 },
      },
      laddered: {
        provider: 'simulator',
        model: 'small',
        rounds: 1,
        then: [{ model: 'big' }, { model: 'biggest' }],
      },
      reusing: { provider: 'simulator', model: 'glm-4.7:batch', reuse: 'always' },
      repeating: {
        provider: 'simulator',
        model: 'glm-4.7:batch',
        reuse: 'always',
        shardLimits: { maxRows: 2 },
      },
      twice: { provider: 'simulator', model: 'glm-4.7:batch', rounds: 2 },
      priced: {
        provider: 'simulator',
        model: 'glm-4.7:batch',
        body: { max_tokens: 10 },
        price: { inputPerMillion: 0, outputPerMillion: 1_000_000, currency: 'EUR' },
        budget: { max: 100, maxPerMonth: 25 },
        maxBad: 0.5,
      },
    },
    requests: {
      overrides: ['budget', 'late', 'model', 'small', 'strict'],
      endpoints: ['/v1/images/generations'],
      reads: { default: ['input/', 'staged/', 'output/'] },
    },
    schedules: {
      hourly: { rate: '1 hour', prefix: 'staged/inbox/' },
      nightly: { cron: '0 22 * * ? *', inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'] },
    },
  });

const DEPLOY = {
  RequestType: 'Create',
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Config',
} as const;

export interface RoleWorldOptions {
  /** Whether objects have versions. A person may suspend them. */
  readonly versioned: boolean;
  readonly dialect?: DialectName;
  /** Callers of the API see only their own jobs. */
  readonly owner?: 'caller';
  /** The map passes only the shard's number to its children, and not its part of the plan. */
  readonly withoutPlan?: true;
  /** The provider has no known limit. */
  readonly unlimited?: boolean;
  /** Size in bytes from which inputs are built in slices. */
  readonly sliceBytes?: number;
  /** Default: steps have no time limit. */
  readonly time?: StepTime;
}

export async function openRoleWorld(roles: Roles, options: RoleWorldOptions): Promise<RoleWorld> {
  const { versioned, dialect = 'melious' } = options;
  const config = configOf(options);
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-roles-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, clock, dialect });
  opened.defer(() => simulator.close());
  const plain = opened.use(openEdges(createFolderStore(folder), simulator, clock, () => undefined));
  const rivals = new Rivals();
  // Objects of a bucket are not files of this machine.
  const { file: _file, ...objects } = plain.store;
  const aged = anHourOld(objects, clock.now());
  const crashes = new Crashes();
  const store = crashes.strike(rivals.race(versioned ? withVersions(aged) : aged));
  const edges = { ...plain, store, time: options.time };

  const holds = new Map<string, Held>();
  const broken = new Set<string>();
  const busy = new Set<Promise<unknown>>();
  const { definition: deployed, functions } = stackMachine();
  const definition = options.withoutPlan ? withoutPlanned(deployed) : deployed;
  const executions = createLocalExecutions({
    // The engine validates the definition in its constructor.
    definition: definition as StateMachineDefinition,
    functions,
    callStep: clock.follow(async (step, event) => {
      await holds.get(step)?.pass();
      if (broken.has(step)) throw new Error(`${step} is broken.`);
      return callHandlers(roles.edgesOf(step, edges))(step, event);
    }),
    onStopped: (name) => {
      const event = { source: 'aws.states', detail: { name, status: 'ABORTED' } };
      const told = callEntryFunctions(edgesOf('cancel-job'))('cancel-job', event);
      busy.add(told);
    },
    instant: true,
  });
  const edgesOf = (entry: string): StartEdges => ({
    ...roles.edgesOf(entry, edges),
    config,
    executions: roles.executionsOf(entry, executions),
  });
  const start = async (event: unknown): Promise<string> => {
    const { jobId } = (await callEntryFunctions(edgesOf('start-job'))('start-job', event)) as {
      jobId: string;
    };
    return jobId;
  };
  const address = (action: string) => (key: string) => {
    roles.demand('api', action, key);
    return Promise.resolve(`https://bucket.example/${key}`);
  };
  const api = createApi({
    ...edgesOf('api'),
    links: { download: address('s3:GetObject'), upload: address('s3:PutObject') },
    caller: (c) => c.req.header('x-caller') ?? 'somebody',
  });
  const running = opened.move();
  return {
    simulator,
    executions,
    publish: (ResponseURL) => publishConfig({ ...edgesOf('publish-config') }, { ...DEPLOY, ResponseURL }),
    store: edges.store,
    api,
    async drop(key, content) {
      await edges.store.put(key, content);
      const version = versioned ? { 'version-id': VERSION } : {};
      const detail = { bucket: { name: 'bucket' }, object: { key, etag: 'etag', ...version } };
      return start({ source: 'aws.s3', detail });
    },
    async submit(name, content) {
      const key = `${jobPrefix('submitted')}input/${name}`;
      await edges.store.put(key, content);
      const request = { jobId: 'submitted', profile: 'default', inputs: () => Promise.resolve([{ key }]) };
      return (await startJob({ ...edges, config, executions }, request)).jobId;
    },
    async sweep(key, content) {
      await edges.store.put(key, content);
      const swept = await callEntryFunctions(edgesOf('start-job'))('start-job', { sweep: true });
      return (swept as { jobs: readonly string[] }).jobs;
    },
    fire: (schedule, scheduledTime) => start({ schedule, scheduledTime }),
    hold(step) {
      const held = new Held();
      holds.set(step, held);
      return held;
    },
    break: (step) => void broken.add(step),
    outrun: (keys, content) => rivals.add(keys, content),
    crashBefore: (keys, afterwards) => crashes.add(keys, afterwards),
    async settled() {
      while (busy.size > 0 || executions.running().length > 0) {
        const ends = executions.running().map((name) => executions.result(name));
        await Promise.allSettled([...ends, ...busy]);
        busy.clear();
      }
    },
    summary: (jobId) => requireJson<Summary>(edges.store, summaryKey(jobId)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The definition without the plan in the input of shards, so that each child reads the plan itself. */
function withoutPlanned(definition: object): object {
  const { States: states, ...rest } = definition as { readonly States: Readonly<Record<string, object>> };
  const map = states['For each shard'] as { readonly ItemSelector: Readonly<Record<string, unknown>> };
  const { 'planned.$': _planned, ...selector } = map.ItemSelector;
  return { ...rest, States: { ...states, 'For each shard': { ...map, ItemSelector: selector } } };
}

class Held implements Hold {
  readonly #called = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  readonly reached = this.#called.promise;

  async pass(): Promise<void> {
    this.#called.resolve();
    await this.#released.promise;
  }

  release(): void {
    this.#released.resolve();
  }
}

/** Other callers that create an object first. */
class Rivals {
  readonly #next: { readonly keys: RegExp; readonly content: string | undefined }[] = [];

  /** @param content the content that the other caller writes. Default: the same content */
  add(keys: RegExp, content?: string): void {
    this.#next.push({ keys, content });
  }

  race(store: ObjectStore): ObjectStore {
    return {
      ...store,
      createIfAbsent: async (key, bytes) => {
        const at = this.#next.findIndex(({ keys }) => keys.test(key));
        const [rival] = at < 0 ? [] : this.#next.splice(at, 1);
        if (rival !== undefined) await store.put(key, rival.content ?? bytes);
        return store.createIfAbsent(key, bytes);
      },
    };
  }
}

/** Functions that die before they write an object. */
class Crashes {
  readonly #next: { readonly keys: RegExp; readonly afterwards: () => Promise<void> }[] = [];

  add(keys: RegExp, afterwards: () => Promise<void>): void {
    this.#next.push({ keys, afterwards });
  }

  strike(store: ObjectStore): ObjectStore {
    return {
      ...store,
      put: async (key, bytes) => {
        const at = this.#next.findIndex(({ keys }) => keys.test(key));
        const [crash] = at < 0 ? [] : this.#next.splice(at, 1);
        if (crash === undefined) return store.put(key, bytes);
        await crash.afterwards();
        throw new Error(`The function died before it wrote ${key}.`);
      },
    };
  }
}

const VERSION = 'version-1';

/** The files have real times, which differ from the world's clock. */
function anHourOld(store: ObjectStore, now: number): ObjectStore {
  return {
    ...store,
    async *list(prefix, options) {
      for await (const listed of store.list(prefix, options)) yield { ...listed, writtenAt: now - 3_600_000 };
    },
  };
}

/** Gives every object a version, as in a bucket with versions. */
function withVersions(store: ObjectStore): ObjectStore {
  return {
    ...store,
    stat: async (key) => {
      const found = await store.stat(key);
      return found && { ...found, version: VERSION };
    },
  };
}
