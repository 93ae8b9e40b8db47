import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import type { LogFields } from '../log.ts';
import type { Environment } from './api-key.ts';

/** One call of a step for X-Ray. Times in milliseconds since 1970. */
export interface TracedCall {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
  /** Fields by which traces are searched: `jobId`, `shard`. */
  readonly annotations: LogFields;
}

/**
 * Adds a subsegment to the call's trace, so that a job's traces are found by its id. It replaces an SDK of 125 KB: the daemon
 * beside the Lambda accepts one datagram of JSON
 * (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon). Nothing is sent outside of Lambda
 * or for a call that is not sampled, and no error here fails the step.
 */
export async function traceCall(env: Environment, call: TracedCall): Promise<void> {
  const { AWS_XRAY_DAEMON_ADDRESS: daemon, _X_AMZN_TRACE_ID: header, STEP: step = 'nightshift' } = env;
  const trace = readHeader(header);
  const [, host, port] = /(?:udp:)?([\w.-]+):(\d+)$/.exec(daemon ?? '') ?? [];
  if (trace === undefined || host === undefined) return;
  const subsegment = {
    name: step,
    id: randomBytes(8).toString('hex'),
    type: 'subsegment',
    trace_id: trace.root,
    parent_id: trace.parent,
    start_time: call.startedAt / 1_000,
    end_time: call.endedAt / 1_000,
    fault: call.failed,
    annotations: call.annotations,
  };
  const datagram = `{"format":"json","version":1}\n${JSON.stringify(subsegment)}`;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.once('error', () => resolve());
    socket.send(datagram, Number(port), host, () => resolve());
  });
  socket.close();
}

/** Parses `Root=…;Parent=…;Sampled=1`, which Lambda has in its environment during a call. */
function readHeader(header = ''): { readonly root: string; readonly parent: string } | undefined {
  const fields = new Map(header.split(';').map((part) => part.split('=', 2) as [string, string]));
  const [root, parent] = [fields.get('Root'), fields.get('Parent')];
  if (root === undefined || parent === undefined || fields.get('Sampled') !== '1') return undefined;
  return { root, parent };
}
