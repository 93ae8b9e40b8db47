import { Construct } from 'constructs';
import { StepFunction, type SharedBySteps } from './step-function.ts';
import { STEPS, type StepName } from './step-table.ts';

export interface StepsProps extends SharedBySteps {
  /** True if there is a function for the API. */
  readonly servesApi: boolean;
}

/** The Lambda functions of a workflow by step; a workflow without an API has no function `api`. */
export type StepFunctions = Readonly<Record<Exclude<StepName, 'api'>, StepFunction>> & {
  readonly api?: StepFunction;
};

/** The Lambda functions of the workflow, one per step. */
export class Steps extends Construct {
  readonly functions: StepFunctions;

  constructor(scope: Construct, id: string, { servesApi, ...shared }: StepsProps) {
    super(scope, id);
    const create = (step: StepName): StepFunction =>
      new StepFunction(this, constructId(step), { ...shared, step, needs: STEPS[step] });
    this.functions = {
      'start-job': create('start-job'),
      'cancel-job': create('cancel-job'),
      ...(servesApi && { api: create('api') }),
      'build-requests': create('build-requests'),
      'build-slice': create('build-slice'),
      'upload-file': create('upload-file'),
      'create-batch': create('create-batch'),
      'send-direct': create('send-direct'),
      'poll-batch': create('poll-batch'),
      'cancel-batch': create('cancel-batch'),
      'collect-results': create('collect-results'),
      'write-results': create('write-results'),
      'announce-job': create('announce-job'),
      'publish-config': create('publish-config'),
    };
  }
}

/** `start-job` → `StartJob`. */
const constructId = (step: StepName): string =>
  step
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
