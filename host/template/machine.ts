import { z } from 'zod';
import { resolveText, standInArn, standInVersionArn, type Resource } from './resources.ts';

/** The state machine of a template. */
export interface TemplateMachine {
  /** Its ARN in the template. */
  readonly arn: string;
  /** In Amazon States Language. */
  readonly definition: object;
  /** Steps by the stand-in ARN of each function with a `STEP` variable, and by that of its version. */
  readonly functions: ReadonlyMap<string, string>;
}

const machineSchema = z.object({ DefinitionString: z.unknown() });

const stepSchema = z.object({ Environment: z.object({ Variables: z.object({ STEP: z.string() }) }) });

/**
 * Reads the state machine, and the functions that it calls, from the template.
 * @throws Error when there is not exactly one state machine, or it has an unsupported reference.
 */
export function readMachine(resources: readonly Resource[]): TemplateMachine {
  const machines = resources.filter(({ type }) => type === 'AWS::StepFunctions::StateMachine');
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new Error(`The template has ${machines.length} state machines; it should have one.`);
  }
  const { DefinitionString } = machineSchema.parse(machine.properties);
  return {
    arn: machine.id,
    definition: z.looseObject({}).parse(JSON.parse(resolveText(DefinitionString))),
    functions: new Map(resources.flatMap(stepOf)),
  };
}

const storeSchema = z.object({
  Environment: z.object({ Variables: z.object({ STORE: z.templateLiteral(['s3://', z.string()]) }) }),
});

/** Name of the steps' bucket in the template. */
export function readBucket(resources: readonly Resource[]): string {
  const [bucket] = resources.flatMap(({ properties }) => {
    const store = storeSchema.safeParse(properties).data?.Environment.Variables.STORE;
    return store === undefined ? [] : [store.slice('s3://'.length)];
  });
  if (bucket === undefined) throw new Error('The template has no function with a STORE.');
  return bucket;
}

function stepOf({ id, type, properties }: Resource): [arn: string, step: string][] {
  if (type !== 'AWS::Lambda::Function') return [];
  const step = stepSchema.safeParse(properties).data?.Environment.Variables.STEP;
  return step === undefined
    ? []
    : [
        [standInArn(id), step],
        [standInVersionArn(id), step],
      ];
}
