import { Duration } from 'aws-cdk-lib';
import {
  Errors,
  Timeout,
  type CatchProps,
  type IChainable,
  type RetryProps,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LambdaInvoke, type LambdaInvokeJsonPathProps } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { retriesOf } from './retry-policies.ts';
import type { StepFunction } from './step-function.ts';

interface StepTaskOptions extends Pick<LambdaInvokeJsonPathProps, 'payload' | 'resultPath'> {
  readonly retries: readonly RetryProps[];
}

/**
 * A Task that passes its whole input to a step's Lambda and returns the Lambda's output, unless the options say otherwise. It
 * calls a fixed version of the Lambda, so that a deploy never changes the code of a running job.
 */
export function stepTask(
  scope: Construct,
  name: string,
  step: StepFunction,
  { retries, ...options }: StepTaskOptions,
): LambdaInvoke {
  const task = LambdaInvoke.jsonPath(scope, name, {
    // The two types differ only in `undefined`, which this project's compiler distinguishes from absence.
    lambdaFunction: step.lambda.currentVersion as IFunction,
    ...options,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    // Longer than the Lambda's own timeout, so that a step that times out fails as `Sandbox.Timedout` with its log complete.
    taskTimeout: Timeout.duration(step.timeout.plus(Duration.minutes(1))),
  });
  for (const retry of retriesOf(retries)) task.addRetry(retry);
  return task;
}

interface Catching {
  addCatch(handler: IChainable, props?: CatchProps): unknown;
}

/**
 * Passes every failure to `handler`, as `{Error, Cause}` under `resultPath` beside the state's input. `States.ALL` does not
 * include `States.DataLimitExceeded`, so it is named.
 */
export function catchEverything(state: Catching, handler: IChainable, resultPath = '$.error'): void {
  state.addCatch(handler, { errors: ['States.DataLimitExceeded'], resultPath });
  state.addCatch(handler, { errors: [Errors.ALL], resultPath });
}
