import { z } from 'zod';
import { stackMachine } from './synthesized-stack.ts';

const handlerSchema = z.object({ ErrorEquals: z.array(z.string()) });

const stateSchema = z.looseObject({
  Type: z.string(),
  Resource: z.string().optional(),
  TimeoutSeconds: z.number().optional(),
  Next: z.string().optional(),
  Retry: z
    .array(
      handlerSchema.extend({
        MaxAttempts: z.number(),
        IntervalSeconds: z.number().optional(),
        BackoffRate: z.number().optional(),
        MaxDelaySeconds: z.number().optional(),
        JitterStrategy: z.string().optional(),
      }),
    )
    .optional(),
  Catch: z.array(handlerSchema.extend({ Next: z.string(), ResultPath: z.string() })).optional(),
  get ItemProcessor() {
    return statesSchema.optional();
  },
});

const statesSchema = z.looseObject({
  StartAt: z.string(),
  get States() {
    return z.record(z.string(), stateSchema);
  },
});

export type State = z.output<typeof stateSchema>;
export type Retrier = NonNullable<State['Retry']>[number];

/** Every state of the deployed definition by its name, including the states inside maps. */
export function deployedStates(): ReadonlyMap<string, State> {
  return new Map(statesOf(statesSchema.parse(stackMachine().definition)));
}

function statesOf({ States }: z.output<typeof statesSchema>): [string, State][] {
  return Object.entries(States).flatMap(([name, state]): [string, State][] => [
    [name, state],
    ...(state.ItemProcessor === undefined ? [] : statesOf(state.ItemProcessor)),
  ]);
}

/** Returns the state, or fails if there is none with this name. */
export function deployedState(name: string): State {
  const state = deployedStates().get(name);
  if (state === undefined) throw new Error(`There is no state "${name}".`);
  return state;
}
