import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions } from './executions.ts';

/**
 * Executions of the deployed state machine. StartExecution is idempotent while the same name and input run.
 * @param stateMachineArn of the machine, or of its alias, whose version is then what starts
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
        throw error;
      }
    },
    async look(name) {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn: arnOf(name) }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      }
    },
    async stop(name, cause) {
      try {
        await client.send(
          new StopExecutionCommand({ executionArn: arnOf(name), error: 'JobCancelled', cause }),
        );
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
      }
    },
  };
}
