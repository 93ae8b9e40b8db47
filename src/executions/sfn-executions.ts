import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { ExecutionsUnavailable } from '../errors.ts';
import type { Executions } from './executions.ts';

/**
 * Executions of the deployed state machine. StartExecution is idempotent while an execution with the same name and input is
 * running.
 * @param stateMachineArn ARN of the machine, or of an alias, which selects the version to start
 */
export function createSfnExecutions(stateMachineArn: string, client = new SFNClient()): Executions {
  // arn:aws:states:<region>:<account>:stateMachine:<name>[:<alias>] has executions arn:…:execution:<name>:<execution>.
  const machine = stateMachineArn.split(':').slice(0, 7).join(':').replace(':stateMachine:', ':execution:');
  const arnOf = (name: string): string => `${machine}:${name}`;
  return {
    async start(name, input) {
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
        return 'started';
      } catch (error) {
        if (error instanceof ExecutionAlreadyExists) return 'taken';
        throw named('StartExecution', name, error);
      }
    },
    async look(name) {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn: arnOf(name) }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw named('DescribeExecution', name, error);
      }
    },
    async stop(name, cause) {
      try {
        await client.send(
          new StopExecutionCommand({ executionArn: arnOf(name), error: 'JobCancelled', cause }),
        );
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist)) throw named('StopExecution', name, error);
      }
    },
  };
}

/** Errors with which Step Functions asks for a later retry. */
const PATIENCE = /Throttl|TooManyRequests|LimitExceeded|Timeout|ServiceUnavailable|InternalFailure/;

/** Converts a transient failure to a named error; returns any other error unchanged. */
function named(action: string, execution: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, $metadata, code } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  const status = $metadata?.httpStatusCode;
  // If there was no answer, Node's error code (ECONNRESET, …) distinguishes a lost connection from a programming error.
  const isTransient =
    status === undefined
      ? typeof code === 'string' || name === 'TimeoutError'
      : status >= 500 || status === 429;
  if (!isTransient && !PATIENCE.test(name)) return error;
  return new ExecutionsUnavailable(
    `states:${action} for the execution ${execution} did not succeed: ${name}. Try again later.`,
    { cause: error },
  );
}
