import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalExecutions } from '../../local/engine.ts';
import type { JobInput } from '../../src/contract.ts';

interface Asked {
  readonly name: string;
  readonly input: string;
  readonly executionArn: string;
}

/** Step Functions over HTTP, with an engine behind it: the SDK is used as it is on AWS. */
export interface LocalStepFunctions extends Disposable {
  readonly url: string;
}

export async function startStepFunctions(executions: LocalExecutions): Promise<LocalStepFunctions> {
  const nameOf = ({ executionArn }: Asked): string => executionArn.split(':').at(-1) ?? '';
  const answers: Readonly<Record<string, (asked: Asked) => Promise<object>>> = {
    'AWSStepFunctions.StartExecution': async ({ name, input }) => {
      const started = await executions.start(name, JSON.parse(input) as JobInput);
      if (started === 'taken') throw new Error('ExecutionAlreadyExists');
      return { executionArn: `arn:aws:states:local:1:execution:m:${name}`, startDate: 1 };
    },
    'AWSStepFunctions.DescribeExecution': async (asked) => {
      const state = await executions.look(nameOf(asked));
      if (state === undefined) throw new Error('ExecutionDoesNotExist');
      const status = state === 'running' ? 'RUNNING' : 'SUCCEEDED';
      return { executionArn: asked.executionArn, status, startDate: 1 };
    },
    'AWSStepFunctions.StopExecution': async (asked) => {
      await executions.stop(nameOf(asked), 'stopped');
      return { stopDate: 1 };
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked;
    try {
      const answer = await answers[String(request.headers['x-amz-target'])]?.(asked);
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: (error as Error).message }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => void server.close(),
  };
}
