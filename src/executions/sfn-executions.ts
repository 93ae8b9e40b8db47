import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Executions } from './executions.ts';

/** Executions of the deployed state machine. StartExecution is idempotent while the same name and input run. */
export function createSfnExecutions(stateMachineArn: string, client = new SFNClient()): Executions {
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
  };
}
