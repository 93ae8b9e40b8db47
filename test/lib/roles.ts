import { READ_ITEMS } from '../../host/distributed-map.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { StoreRejected } from '../../src/errors.ts';
import type { Executions } from '../../src/executions/executions.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { callingSite, CALLS } from './call-sites.ts';
import { stepPermissions } from './step-policies.ts';

/** Compares every call of a function with the policy of its role in the template. */
export class Roles {
  /** Policies by step. Cached, because reading the template is slow. */
  readonly #policies = new Map<string, readonly Permission[]>();
  readonly #used = new Set<string>();
  readonly #denied = new Set<string>();
  /** Call sites in the functions' code that have called the store or an execution. */
  readonly sites = new Set<string>();

  /**
   * Fails as S3 does if the step's role does not allow the action.
   * @param on key of an object, for actions of S3
   */
  demand(step: string, action: string, on?: string): void {
    const granted = this.#policyOf(step).filter((permission) => allows(permission, action, on));
    for (const { name } of granted) this.#used.add(`${step}: ${name}`);
    if (granted.length > 0) return;
    this.#denied.add(`${step}: ${action} on ${on}`);
    throw new StoreRejected(`${step} may not do ${action} on ${on}.`);
  }

  /** Calls of the step that its role does not allow. */
  denied(step: string): string[] {
    return [...this.#denied].filter((each) => each.startsWith(`${step}: `));
  }

  /** Permissions on objects and executions that the step has not used. */
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

  /** Restricts the edges to what the step's role allows. */
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
        deliver: async (event) => {
          this.demand(step, 'events:PutEvents');
          await channel.deliver(event);
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

  /** Records the call site of each call. */
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
      // Without this permission, S3 reports a missing object as 403 instead of 404. The list of a map's items always exists.
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
        // After a lost response, the store reads the object to see who created it.
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
  /** Matches the resources. */
  readonly on: RegExp;
}

/** `*` in a resource stands for any characters, including `/`. */
function readPermission(name: string): Permission {
  const [action, resource = ''] = name.split(' on ');
  const pattern = resource.split('*').map((part) => RegExp.escape(part));
  return { name, action, on: new RegExp(`^${pattern.join('.*')}$`, 's') };
}

function allows(permission: Permission, action: string, on: string | undefined): boolean {
  return permission.action === action && (on === undefined || permission.on.test(`<bucket>/${on}`));
}
