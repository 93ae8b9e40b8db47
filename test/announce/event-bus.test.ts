import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import type { CompletionEvent } from '../../src/announce/completion-event.ts';
import { createEventBus } from '../../src/announce/event-bus.ts';

const EVENT: CompletionEvent = {
  source: 'nightshift',
  'detail-type': 'Job Failed',
  detail: { id: 'j', jobId: 'j', status: 'failed', keys: {}, endedAt: '2026-11-01T22:00:00.000Z' },
};

function openBus() {
  const client = new EventBridgeClient({ region: 'eu-central-1' });
  return { mock: mockClient(client), bus: createEventBus('default', client) };
}

test('an event is put on the bus with its source and type', async () => {
  const { mock, bus } = openBus();
  mock.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });

  await bus.deliver(EVENT);

  expect(mock.commandCalls(PutEventsCommand).map(({ args }) => args[0].input)).toEqual([
    {
      Entries: [
        {
          EventBusName: 'default',
          Source: 'nightshift',
          DetailType: 'Job Failed',
          Detail: JSON.stringify(EVENT.detail),
        },
      ],
    },
  ]);
});

test('a rejected event is an error, although the call succeeded', async () => {
  const { mock, bus } = openBus();
  mock
    .on(PutEventsCommand)
    .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });

  await expect(bus.deliver(EVENT)).rejects.toMatchObject({
    name: 'AnnouncementUnavailable',
    message: 'EventBridge did not accept the event: ThrottlingException.',
  });
});

test('a failed call is retried', async () => {
  const { mock, bus } = openBus();
  mock.on(PutEventsCommand).rejects(Object.assign(new Error('no'), { name: 'InternalException' }));

  await expect(bus.deliver(EVENT)).rejects.toMatchObject({ name: 'AnnouncementUnavailable' });
});
