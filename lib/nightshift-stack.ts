import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { InvalidRequest } from '../src/errors.ts';
import { BatchWorkflow } from './batch-workflow.ts';
import { unknownNames } from './check-props.ts';
import { WORKFLOW_PROPS, type BatchWorkflowProps } from './workflow-props.ts';

export interface NightshiftStackProps extends StackProps, BatchWorkflowProps {}

/** The workflow as a separate stack, with outputs for its users. */
export class NightshiftStack extends Stack {
  readonly workflow: BatchWorkflow;

  /** @throws InvalidRequest naming every unknown property, or every problem of the configuration. */
  constructor(scope: Construct, id: string, props: NightshiftStackProps) {
    const { own, stack } = divide(props);
    super(scope, id, stack);
    this.workflow = new BatchWorkflow(this, 'Workflow', own);
    this.workflow.addOutputs();
  }
}

/** Splits the properties into those of the workflow and those of the stack. */
function divide(props: NightshiftStackProps): { own: BatchWorkflowProps; stack: StackProps } {
  const known = [...Object.keys(WORKFLOW_PROPS), ...Object.keys(STACK_PROPS)];
  const problems = unknownNames('', Object.keys(props), known);
  if (problems.length > 0) {
    throw new InvalidRequest(
      `NightshiftStack has properties that are not valid:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  }
  const isOwn = ([name]: [string, unknown]): boolean => Object.hasOwn(WORKFLOW_PROPS, name);
  const entries: [string, unknown][] = Object.entries(props);
  return {
    own: Object.fromEntries(entries.filter(isOwn)) as unknown as BatchWorkflowProps,
    stack: Object.fromEntries(entries.filter((entry) => !isOwn(entry))),
  };
}

/** Every property of a stack, by name: the compiler reports a missing one. */
const STACK_PROPS: Readonly<Record<keyof StackProps, true>> = {
  analyticsReporting: true,
  crossRegionReferences: true,
  description: true,
  env: true,
  notificationArns: true,
  permissionsBoundary: true,
  propertyInjectors: true,
  stackName: true,
  suppressTemplateIndentation: true,
  synthesizer: true,
  tags: true,
  terminationProtection: true,
};
