/** A state machine as a template holds it, its references replaced by stand-ins. */
export interface TemplateMachine {
  /** In Amazon States Language. */
  readonly definition: object;
  /** Which step a Task's `Resource` is: the stand-in ARN of every function with a `STEP` variable, and its step. */
  readonly functions: ReadonlyMap<string, string>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * Takes the one state machine out of a synthesized CloudFormation template, as it would be deployed but for its
 * references: `Fn::GetAtt` of an ARN becomes a made-up ARN, pseudo parameters become made-up values.
 * @throws Error when the template does not hold exactly one state machine, or holds what this does not understand.
 */
export function definitionFromTemplate(template: unknown): TemplateMachine {
  const resources = Object.entries((template as { Resources: Record<string, Resource> }).Resources);
  const machines = resources.filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine');
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new Error(`The template holds ${machines.length} state machines; it should hold one.`);
  }
  const text = resolve(machine[1].Properties?.['DefinitionString']);
  return {
    definition: JSON.parse(text) as object,
    functions: new Map(resources.flatMap(([id, resource]) => stepOf(id, resource))),
  };
}

function stepOf(id: string, { Type, Properties }: Resource): [arn: string, step: string][] {
  if (Type !== 'AWS::Lambda::Function') return [];
  const { Variables } = (Properties?.['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
  const step = Variables?.['STEP'];
  return typeof step === 'string' ? [[standInArn(id), step]] : [];
}

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
};

/** Shaped as a function's ARN, which is what validators and the local engine look for. */
const standInArn = (id: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${id}`;

function resolve(value: unknown): string {
  if (typeof value === 'string') return value;
  const [intrinsic, argument] = Object.entries(value as object)[0] ?? [];
  switch (intrinsic) {
    case 'Fn::Join': {
      const [separator, parts] = argument as [string, readonly unknown[]];
      return parts.map(resolve).join(separator);
    }
    case 'Fn::GetAtt': {
      const [id, attribute] = argument as [string, string];
      return attribute === 'Arn' ? standInArn(id) : `${id}.${attribute}`;
    }
    case 'Ref':
      return PSEUDO_PARAMETERS[argument as string] ?? (argument as string);
    default:
      throw new Error(
        `The state machine's definition holds ${JSON.stringify(value)}, which is not understood.`,
      );
  }
}
