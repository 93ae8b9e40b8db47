import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { traceCall } from '../../src/runtime/trace.ts';

const CALL = {
  startedAt: 1_790_000_000_000,
  endedAt: 1_790_000_001_500,
  failed: false,
  annotations: { jobId: 'job-1', shard: 3 },
};
const ROOT = '1-5759e988-bd862e3fe1be46a994272793';

async function listen() {
  const daemon = createSocket('udp4');
  onTestFinished(() => void daemon.close());
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  return { daemon, address: `127.0.0.1:${daemon.address().port}` };
}

test.each(['', 'udp:'])(
  'a sampled call is a subsegment of its trace, found by its job (%s<address>)',
  async (prefix) => {
    const { daemon, address } = await listen();
    const arrived = once(daemon, 'message') as Promise<[Buffer]>;

    await traceCall(
      {
        AWS_XRAY_DAEMON_ADDRESS: `${prefix}${address}`,
        _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0`,
        STEP: 'poll-batch',
      },
      CALL,
    );

    const [header, subsegment] = (await arrived)[0].toString('utf8').split('\n');
    expect(JSON.parse(header ?? '')).toEqual({ format: 'json', version: 1 });
    expect(JSON.parse(subsegment ?? '')).toEqual({
      name: 'poll-batch',
      id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      type: 'subsegment',
      trace_id: ROOT,
      parent_id: '53995c3f42cd8ad8',
      start_time: 1_790_000_000,
      end_time: 1_790_000_001.5,
      fault: false,
      annotations: { jobId: 'job-1', shard: 3 },
    });
  },
);

test.each([
  ['that is not sampled', { _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=0` }],
  ['outside of Lambda', {}],
])('a trace %s sends nothing', async (_name, env) => {
  const { daemon, address } = await listen();
  const told: Buffer[] = [];
  daemon.on('message', (message) => told.push(message));

  await traceCall({ AWS_XRAY_DAEMON_ADDRESS: address, ...env }, CALL);
  // Datagrams from one socket to another on this machine keep their order, so nothing that was sent earlier is still in flight.
  await traceCall(
    { AWS_XRAY_DAEMON_ADDRESS: address, _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1` },
    CALL,
  );
  if (told.length === 0) await once(daemon, 'message');
  expect(told).toHaveLength(1);
});

test('a missing daemon causes no error', async () => {
  const env = { AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:1', _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=a;Sampled=1` };
  await expect(traceCall(env, CALL)).resolves.toBeUndefined();
});
