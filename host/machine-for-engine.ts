import type { StateMachineDefinition } from 'aws-local-stepfunctions';

/**
 * A definition rewritten for the engine, so that it behaves like Step Functions where the engine differs:
 *
 * - A Distributed Map reads its items from the bucket and runs each as a child execution, up to the map's tolerance of failures.
 * - The seconds of a wait are checked, even if waits take no time.
 * - A Task's payload template is also filled for an input of `null`.
 *
 * Each of these states becomes a Task of the same name with a handler in `run-machine.ts`. Pure.
 */
export interface EngineMachine {
  readonly definition: StateMachineDefinition;
  /** Maps by the name of their state. */
  readonly maps: ReadonlyMap<string, ChildMap>;
  /** Payload templates by the name of a Task's state. */
  readonly payloads: ReadonlyMap<string, Template>;
  readonly waits: ReadonlySet<string>;
}

/** A Distributed Map: its items, the child for each of them, and its tolerance of failures. */
export interface ChildMap {
  readonly machine: EngineMachine;
  /** Path of the items in the input, unless they are read from the bucket. */
  readonly itemsPath: string;
  /** Parameters' template for reading the items from the bucket. */
  readonly reader: Template | undefined;
  /** Builds a child's input; without it, the item is the input. */
  readonly selector: Template | undefined;
  /** Most children at the same time. */
  readonly atOnce: number;
  /** Tolerances in the definition; without either, no failure is tolerated. */
  readonly toleratedPercentage: number | undefined;
  readonly toleratedCount: number | undefined;
}

export type Template = Readonly<Record<string, unknown>>;

/** Longest timer of Node, in whole seconds: 24 days and 20 hours. */
export const LONGEST_SECONDS = 2_147_483;

/** Most children of a Distributed Map that Step Functions runs at the same time. */
const MOST_CHILDREN = 10_000;

/** Longest wait that Step Functions accepts, in seconds. */
const MAX_WAIT_SECONDS = 99_999_999;

interface AnyState {
  readonly Type: string;
  readonly [field: string]: unknown;
}

type States = Readonly<Record<string, AnyState>>;

interface AnyMachine {
  readonly StartAt: string;
  readonly States: States;
  readonly TimeoutSeconds?: number;
}

export function machineForEngine(definition: StateMachineDefinition): EngineMachine {
  // The engine's types list every field of every state, so a cast is needed.
  return rewrite(definition as unknown as AnyMachine);
}

function rewrite(machine: AnyMachine): EngineMachine {
  const maps = new Map<string, ChildMap>();
  const payloads = new Map<string, Template>();
  const waits = new Set<string>();
  const states: Record<string, AnyState> = {};
  for (const [name, state] of Object.entries(machine.States)) {
    states[name] = state;
    if (isDistributedMap(state)) {
      maps.set(name, readMap(state));
      states[name] = mapAsTask(state);
    } else if (state.Type === 'Wait' && typeof state['SecondsPath'] === 'string') {
      waits.add(name);
      states[name] = waitAsTask(state, state['SecondsPath']);
    } else if (state.Type === 'Task' && state['Parameters'] !== undefined) {
      const { Parameters: template, ...rest } = state;
      payloads.set(name, template as Template);
      states[name] = rest;
    }
  }
  const { TimeoutSeconds: timeout } = machine;
  const limited = timeout === undefined ? {} : { TimeoutSeconds: Math.min(timeout, LONGEST_SECONDS) };
  const definition = { ...machine, ...limited, States: states };
  return { definition: definition as unknown as StateMachineDefinition, maps, payloads, waits };
}

function isDistributedMap(state: AnyState): boolean {
  const processor = state['ItemProcessor'] as { ProcessorConfig?: { Mode?: string } } | undefined;
  return state.Type === 'Map' && processor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
}

function readMap(state: AnyState): ChildMap {
  const { ToleratedFailurePercentage: percentage, ToleratedFailureCount: count } = state;
  const { ItemsPath: path = '$', MaxConcurrency: atOnce = 0 } = state;
  const reader = state['ItemReader'] as { readonly Parameters: Template } | undefined;
  return {
    machine: rewrite(state['ItemProcessor'] as AnyMachine),
    itemsPath: String(path),
    reader: reader?.Parameters,
    selector: state['ItemSelector'] as Template | undefined,
    atOnce: Number(atOnce) || MOST_CHILDREN,
    toleratedPercentage: percentage === undefined ? undefined : Number(percentage),
    toleratedCount: count === undefined ? undefined : Number(count),
  };
}

/** True if a map continues after this many failed items. */
export function tolerates(
  { toleratedPercentage: percentage, toleratedCount: count }: ChildMap,
  failed: number,
  items: number,
): boolean {
  if (percentage === undefined && count === undefined) return failed === 0;
  return failed * 100 <= (percentage ?? 100) * items && failed <= (count ?? items);
}

/** Replaces a map by a Task. The state's successor and error handling stay unchanged. */
function mapAsTask({ Next, End, Retry, Catch, ResultPath, OutputPath }: AnyState): AnyState {
  const kept = { Next, End, Retry, Catch, ResultPath, OutputPath };
  const given = Object.entries(kept).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    Type: 'Task',
    Resource: 'map',
    TimeoutSeconds: LONGEST_SECONDS,
  };
}

function waitAsTask(state: AnyState, path: string): AnyState {
  const { SecondsPath: _, ...rest } = state;
  return {
    ...rest,
    Type: 'Task',
    Resource: 'wait',
    TimeoutSeconds: LONGEST_SECONDS,
    Parameters: { 'seconds.$': path },
    ResultPath: null,
  };
}

/**
 * Checks the seconds of a wait as Step Functions does.
 * @throws States.Runtime when Step Functions would not accept this wait
 */
export function checkSeconds(state: string, seconds: unknown): number {
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_WAIT_SECONDS)
    return seconds;
  throw statesError(
    'States.Runtime',
    `State "${state}" is to wait ${JSON.stringify(seconds)} seconds; it takes whole numbers from 0 to ${MAX_WAIT_SECONDS}.`,
  );
}

/**
 * Fills a Task's payload template: constants, `$` and its fields, and fields of the context (`$$.Execution.Name`).
 * @throws States.Runtime when a path does not exist
 */
export function fillTemplate(template: Template, input: unknown, context: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (key.endsWith('.$') && typeof value === 'string')
        return [
          key.slice(0, -2),
          value.startsWith('$$') ? followPath(value.slice(1), context) : followPath(value, input),
        ];
      return [key, isTemplate(value) ? fillTemplate(value, input, context) : value];
    }),
  );
}

const isTemplate = (value: unknown): value is Template =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The value at a path such as `$.a.b`.
 * @throws States.Runtime when the path does not exist
 */
export function followPath(path: string, root: unknown): unknown {
  if (!/^\$(\.\w+)*$/.test(path)) throw new Error(`The path ${path} is not supported here.`);
  let value = root;
  for (const field of path.split('.').slice(1)) {
    if (!isTemplate(value) || !Object.hasOwn(value, field))
      throw statesError('States.Runtime', `The path ${path} leads to nothing.`);
    value = value[field];
  }
  return value;
}

/** An error with the name that Step Functions uses. */
export function statesError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
