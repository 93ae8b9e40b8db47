import { READ_ITEMS } from '../../host/distributed-map.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { StoreRejected } from '../../src/errors.ts';
import type { Executions } from '../../src/executions/executions.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { callingSite, CALLS } from './call-sites.ts';
import { stepPermissions } from './step-policies.ts';

/** The deployed roles of the functions: each thing a function does is held against the policy it has in the template. */
export class Roles {
  /** By step: a story asks thousands of times, and reading the template takes long. */
  readonly #policies = new Map<string, readonly Permission[]>();
  readonly #used = new Set<string>();
  readonly #denied = new Set<string>();
  /** Where the functions' code called the store or an execution. */
  readonly sites = new Set<string>();

  /** Fails as S3 would when the step's role may not do this. @param on an object's key; for S3 only */
  demand(step: string, action: string, on?: string): void {
    const granted = this.#policyOf(step).filter((permission) => allows(permission, action, on));
    for (const { name } of granted) this.#used.add(`${step}: ${name}`);
    if (granted.length > 0) return;
    this.#denied.add(`${step}: ${action} on ${on}`);
    throw new StoreRejected(`${step} may not do ${action} on ${on}.`);
  }

  /** What the step did and may not do. */
  denied(step: string): string[] {
    return [...this.#denied].filter((each) => each.startsWith(`${step}: `));
  }

  /** What the step may do with objects and executions, and never did. */
  unused(step: string): string[] {
    return this.#policyOf(step)
      .map(({ name }) => name)
      .filter((permission) => /^(s3|states|events):/.test(permission))
      .filter((permission) => !this.#used.has(`${step}: ${permission}`));
  }

  #policyOf(step: string): readonly Permission[] {
    const known = this.#policies.get(step);
    if (known !== undefined) return known;
    const policy = stepPermissions(step).map(readPermission);
    this.#policies.set(step, policy);
    return policy;
  }

  /** The edges as the step's role lets it use them. */
  edgesOf(step: string, edges: TaskEdges): TaskEdges {
    return {
      ...edges,
      store: this.#storeOf(step, edges.store),
      provider: (settings) => {
        this.demand(step, 'secretsmanager:GetSecretValue');
        return edges.provider(settings);
      },
      channels: edges.channels.map((channel) => ({
        ...channel,
        tell: async (event) => {
          this.demand(step, 'events:PutEvents');
          await channel.tell(event);
        },
      })),
    };
  }

  executionsOf(step: string, executions: Executions): Executions {
    return this.#noteSites({
      start: async (name, input) => {
        this.demand(step, 'states:StartExecution');
        return executions.start(name, input);
      },
      look: async (name) => {
        this.demand(step, 'states:DescribeExecution');
        return executions.look(name);
      },
      stop: async (name, cause) => {
        this.demand(step, 'states:StopExecution');
        return executions.stop(name, cause);
      },
    });
  }

  /** The same, and each call of it is remembered by its place in the code. */
  #noteSites<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function' || !CALLS.has(name)) return value;
        return (...args: unknown[]): unknown => {
          const site = callingSite();
          if (site !== undefined) this.sites.add(site);
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  #storeOf(step: string, store: ObjectStore): ObjectStore {
    const demand = (action: string, key?: string): void => this.demand(step, `s3:${action}`, key);
    const demandRead = (key: string, version?: string): void => {
      demand(version === undefined ? 'GetObject' : 'GetObjectVersion', key);
      // Without it a missing object is a 403 and not a 404; the list of a map's items is always there.
      if (step !== READ_ITEMS) demand('ListBucket');
    };
    return this.#noteSites({
      ...store,
      open: async (key, options) => {
        demandRead(key, options?.version);
        return store.open(key, options);
      },
      get: async (key, options) => {
        demandRead(key, options?.version);
        return store.get(key, options);
      },
      put: async (key, bytes) => {
        demand('PutObject', key);
        await store.put(key, bytes);
      },
      createIfAbsent: async (key, bytes) => {
        demand('PutObject', key);
        // Whose object it is, after a lost answer.
        demandRead(key);
        return store.createIfAbsent(key, bytes);
      },
      write: (key) => {
        demand('PutObject', key);
        demand('AbortMultipartUpload', key);
        return store.write(key);
      },
      concat: async (key, sources, sizes) => {
        demand('PutObject', key);
        demand('AbortMultipartUpload', key);
        for (const source of sources) demandRead(source);
        await store.concat(key, sources, sizes);
      },
      copy: async (key, source) => {
        demand('PutObject', key);
        demand('AbortMultipartUpload', key);
        demandRead(source);
        await store.copy(key, source);
      },
      stat: async (key) => {
        demandRead(key);
        return store.stat(key);
      },
      list: (prefix, options) => {
        demand('ListBucket');
        return store.list(prefix, options);
      },
      delete: async (key) => {
        demand('DeleteObject', key);
        await store.delete(key);
      },
    });
  }
}

interface Permission {
  /** `action on resource` */
  readonly name: string;
  readonly action: string | undefined;
  /** What it may be done on. */
  readonly on: RegExp;
}

/** `*` of a resource stands for any characters, `/` among them. */
function readPermission(name: string): Permission {
  const [action, resource = ''] = name.split(' on ');
  const pattern = resource.split('*').map((part) => RegExp.escape(part));
  return { name, action, on: new RegExp(`^${pattern.join('.*')}$`, 's') };
}

function allows(permission: Permission, action: string, on: string | undefined): boolean {
  return permission.action === action && (on === undefined || permission.on.test(`<bucket>/${on}`));
}
