import { z } from 'zod';
import { renderReferences, type ReferenceNames } from '../lib/render-references.ts';

/** A state machine as a template holds it, its references replaced by stand-ins. */
export interface TemplateMachine {
  /** In Amazon States Language. */
  readonly definition: object;
  /** Which step a Task's `Resource` is: the stand-in ARN of every function with a `STEP` variable, and its step. */
  readonly functions: ReadonlyMap<string, string>;
}

const templateSchema = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })),
});

type Resource = z.output<typeof templateSchema>['Resources'][string];

const machineSchema = z.object({ DefinitionString: z.unknown() });

const stepSchema = z.object({ Environment: z.object({ Variables: z.object({ STEP: z.string() }) }) });

/**
 * Takes the one state machine out of a synthesized CloudFormation template, as it would be deployed but for its
 * references: `Fn::GetAtt` of an ARN becomes a made-up ARN, pseudo parameters become made-up values.
 * @throws Error when the template does not hold exactly one state machine, or a reference of another kind.
 */
export function definitionFromTemplate(template: unknown): TemplateMachine {
  const resources = Object.entries(templateSchema.parse(template).Resources);
  const machines = resources.filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine');
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new Error(`The template holds ${machines.length} state machines; it should hold one.`);
  }
  const { DefinitionString } = machineSchema.parse(machine[1].Properties);
  return {
    definition: z.looseObject({}).parse(JSON.parse(renderReferences(DefinitionString, STAND_INS))),
    functions: new Map(resources.flatMap(([id, resource]) => stepOf(id, resource))),
  };
}

function stepOf(id: string, { Type, Properties }: Resource): [arn: string, step: string][] {
  if (Type !== 'AWS::Lambda::Function') return [];
  const step = stepSchema.safeParse(Properties).data?.Environment.Variables.STEP;
  return step === undefined ? [] : [[standInArn(id), step]];
}

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
};

/** Shaped as a function's ARN, which is what validators and the local engine look for. */
const standInArn = (id: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${id}`;

const STAND_INS: ReferenceNames = {
  ref: (id) => PSEUDO_PARAMETERS[id] ?? id,
  attribute: (id, name) => (name === 'Arn' ? standInArn(id) : `${id}.${name}`),
  other: (value) => {
    throw new Error(
      `The state machine's definition holds ${JSON.stringify(value)}, which is not understood.`,
    );
  },
};
