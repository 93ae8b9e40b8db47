import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalExecutions } from '../../host/engine.ts';
import type { JobInput } from '../../src/contract.ts';

interface Asked {
  readonly name: string;
  readonly input: string;
  readonly executionArn: string;
  readonly Entries: readonly object[];
}

/** Step Functions and EventBridge over HTTP, with an engine behind them, so that the SDK is used as on AWS. */
export interface LocalAws extends Disposable {
  readonly url: string;
}

/** @param events receives the events that are put */
export async function startAws(executions: LocalExecutions, events: object[] = []): Promise<LocalAws> {
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
    'AWSEvents.PutEvents': ({ Entries }) => {
      events.push(...Entries);
      return Promise.resolve({ FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: '1' })) });
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
