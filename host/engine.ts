import { setTimeout as sleep } from 'node:timers/promises';
import type { StateMachine, StateMachineDefinition } from 'aws-local-stepfunctions';
import type { JobInput } from '../src/contract.ts';
import type { Executions } from '../src/executions/executions.ts';
import { runChildren } from './distributed-map.ts';
import { tell, type EngineEvent } from './engine-events.ts';
import { loadEngine } from './load-engine.ts';
import { Attempts } from './retry-notice.ts';
import {
  checkSeconds,
  fillTemplate,
  LONGEST_SECONDS,
  machineForEngine,
  statesError,
  type ChildMap,
  type EngineMachine,
} from './machine-for-engine.ts';

const { StateMachine: Engine } = await loadEngine();

/** Runs a step by name with its input, and returns its output. Fails with the step's named error. */
export type CallStep = (step: string, event: unknown) => Promise<unknown>;

export interface EngineOptions {
  readonly definition: StateMachineDefinition;
  /** Steps by the ARN of a Task's resource. */
  readonly functions: ReadonlyMap<string, string>;
  readonly callStep: CallStep;
  /** Called for every state that is entered, left, retried or caught, and for every failed child. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined;
  /** Called for every stopped execution, as EventBridge is on AWS. */
  readonly onStopped?: ((name: string) => void) | undefined;
  /** Ends steps whose results nobody needs any more, when all executions are left. */
  readonly abandonSteps?: (() => Promise<void>) | undefined;
  /** True if waits and retries take no time, for tests with their own clock. */
  readonly instant?: boolean;
}

/** Executions in this process: `aws-local-stepfunctions` runs the deployed definition. */
export interface LocalExecutions extends Executions {
  /** Resolves with the execution's output; fails with its error and cause in the message. */
  result(name: string): Promise<unknown>;
  /** Stops every execution where it is, without any event, as a power failure would. */
  leave(): Promise<void>;
  /** Names of the running executions. */
  running(): readonly string[];
}

/** Step Functions' limit for a payload between two states, in bytes of UTF-8; the engine has none of its own. */
export const MAX_PAYLOAD_BYTES = 262_144;

export function createLocalExecutions(options: EngineOptions): LocalExecutions {
  const machine = machineOf(options.definition);
  const runs = new Map<string, Run>();
  const steps = new Set<Promise<unknown>>();
  let left = false;
  const tracked: EngineOptions = { ...options, callStep: tracking(options.callStep, steps) };
  const running = (): string[] => [...runs].flatMap(([name, { ended }]) => (ended ? [] : [name]));
  return {
    start(name, input) {
      if (left)
        return Promise.reject(new Error('This host is stopping; the job continues at its next start.'));
      // As in Step Functions: starting a running name returns its execution, and the name of an ended execution cannot be used
      // again.
      const known = runs.get(name);
      if (known !== undefined) return Promise.resolve(known.ended ? 'taken' : 'started');
      runs.set(name, start(machine, tracked, name, input));
      return Promise.resolve('started');
    },
    look(name) {
      const known = runs.get(name);
      return Promise.resolve(known && (known.ended ? 'ended' : 'running'));
    },
    stop(name) {
      const known = runs.get(name);
      if (known !== undefined && !known.ended) {
        known.ended = true;
        known.abort();
        options.onStopped?.(name);
      }
      return Promise.resolve();
    },
    result: (name) => runs.get(name)?.result ?? Promise.reject(new Error(`No execution is named ${name}.`)),
    running,
    async leave() {
      left = true;
      const stopped = running().flatMap((name) => runs.get(name) ?? []);
      for (const started of stopped) started.abort();
      await options.abandonSteps?.();
      await Promise.allSettled([...stopped.map(({ result }) => result), ...steps]);
    },
  };
}

/**
 * Tracks running steps. Steps continue when their execution is stopped, like Lambdas, so their store must stay open until they
 * end.
 */
function tracking(callStep: CallStep, steps: Set<Promise<unknown>>): CallStep {
  return (step, event) => {
    const call = callStep(step, event);
    steps.add(call);
    const forget = (): void => void steps.delete(call);
    call.then(forget, forget);
    return call;
  };
}

const machines = new WeakMap<StateMachineDefinition, EngineMachine>();

function machineOf(definition: StateMachineDefinition): EngineMachine {
  const known = machines.get(definition);
  if (known !== undefined) return known;
  const machine = machineForEngine(definition);
  machines.set(definition, machine);
  return machine;
}

interface Run {
  ended: boolean;
  readonly result: Promise<unknown>;
  abort(): void;
}

function start(machine: EngineMachine, options: EngineOptions, name: string, input: JobInput): Run {
  const stopped = new AbortController();
  const result = runMachine(machine, { ...input }, { options, name, signal: stopped.signal });
  const started: Run = { ended: false, result, abort: () => stopped.abort() };
  const end = (): void => void (started.ended = true);
  result.then(end, end);
  return started;
}

/** Shared by an execution and its children. */
interface Scope {
  readonly options: EngineOptions;
  /** The execution's name. */
  readonly name: string;
  readonly signal: AbortSignal;
}

type EngineInput = Parameters<StateMachine['run']>[0];

/** Runs an execution, or a child of one. Resolves after all of its events were reported. */
function runMachine(machine: EngineMachine, input: EngineInput, scope: Scope): Promise<unknown> {
  const { options, name, signal } = scope;
  if (signal.aborted) return failing(new Error(`Execution ${name} was stopped.`));
  const stateMachine = new Engine(machine.definition, { validationOptions: { noValidate: true } });
  const { abort, result, eventLogs } = stateMachine.run(input, {
    overrides: overrides(machine, scope),
    context: { Execution: { Name: name } },
  });
  signal.addEventListener('abort', abort, { once: true });
  const { States: states } = machine.definition as { readonly States: Record<string, unknown> };
  const told = tell(eventLogs, { execution: name, attempts: new Attempts(states) }, options.onEvent);
  return failing(
    result.finally(() => {
      signal.removeEventListener('abort', abort);
      return told;
    }),
  );
}

/** Marks a failure as handled. Callers of `result` get it; if there is no caller, it must not end the process. */
function failing(result: Promise<unknown> | Error): Promise<unknown> {
  const promise = result instanceof Error ? Promise.reject(result) : result;
  promise.catch(() => undefined);
  return promise;
}

type RunOverrides = NonNullable<NonNullable<Parameters<StateMachine['run']>[1]>['overrides']>;
type TaskHandler = NonNullable<RunOverrides['taskResourceLocalHandlers']>[string];

function overrides(machine: EngineMachine, scope: Scope): RunOverrides {
  const { instant = false } = scope.options;
  const states = Object.entries(machine.definition.States as Record<string, AnyState>);
  const named = (type: string): string[] =>
    states.filter(([, state]) => state.Type === type).map(([stateName]) => stateName);
  const tasks = states
    .filter(([, state]) => state.Type === 'Task')
    .map(([stateName, { Resource }]) => [stateName, handlerOf(stateName, Resource, machine, scope)]);
  return {
    taskResourceLocalHandlers: Object.fromEntries(tasks) as Record<string, TaskHandler>,
    ...(instant && {
      waitTimeOverrides: Object.fromEntries(named('Wait').map((stateName) => [stateName, 0])),
      retryIntervalOverrides: Object.fromEntries(named('Task').map((stateName) => [stateName, 0])),
    }),
  };
}

interface AnyState {
  readonly Type: string;
  readonly Resource?: string;
}

function handlerOf(
  stateName: string,
  resource: string | undefined,
  machine: EngineMachine,
  scope: Scope,
): TaskHandler {
  const map = machine.maps.get(stateName);
  if (map !== undefined) return mapHandler(stateName, map, scope);
  if (machine.waits.has(stateName)) return waitHandler(stateName, scope);
  return stepHandler(stateName, resource, machine, scope);
}

/** Passes payloads to a step and back as on AWS: as JSON, within the payload limit. */
function stepHandler(
  stateName: string,
  resource: string | undefined,
  { payloads }: EngineMachine,
  { options: { functions, callStep }, name, signal }: Scope,
): TaskHandler {
  const step = functions.get(resource ?? '');
  if (step === undefined)
    throw new Error(`State "${stateName}" calls ${resource ?? 'nothing'}, which is not a step.`);
  const template = payloads.get(stateName);
  return async (input) => {
    // The engine would retry a step that was stopped together with its execution.
    if (signal.aborted) throw new Error(`Execution ${name} was stopped.`);
    const payload =
      template === undefined ? input : fillTemplate(template, input, { Execution: { Name: name } });
    return asPayload(await callStep(step, asPayload(payload, stateName)), stateName) as typeof input;
  };
}

/** Waits unless the seconds are 0; stops waiting when the execution is stopped. */
function waitHandler(stateName: string, { options: { instant = false }, signal }: Scope): TaskHandler {
  return async (input) => {
    const seconds = checkSeconds(stateName, (input as { seconds?: unknown } | null)?.seconds);
    if (!instant) await sleep(Math.min(seconds, LONGEST_SECONDS) * 1_000, undefined, { signal });
    return input;
  };
}

/** Runs the children of a Distributed Map, each as a separate execution; their outputs together must fit into a payload. */
function mapHandler(state: string, map: ChildMap, scope: Scope): TaskHandler {
  const { options, name: execution, signal } = scope;
  const run = (input: unknown, ofMap: AbortSignal): Promise<unknown> =>
    runMachine(map.machine, input as EngineInput, { ...scope, signal: ofMap });
  return async (input) => {
    const outputs = await runChildren({ state, map, execution, options, signal, run }, input);
    return asPayload(outputs, state) as typeof input;
  };
}

function asPayload(value: unknown, stateName: string): unknown {
  // A Lambda that returns nothing returns null.
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw statesError(
      'States.DataLimitExceeded',
      `State "${stateName}": a payload of ${bytes} bytes is over ${MAX_PAYLOAD_BYTES}.`,
    );
  }
  return JSON.parse(text);
}
