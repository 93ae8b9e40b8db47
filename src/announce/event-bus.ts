import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Channel } from './channel.ts';
import { AnnouncementUnavailable } from '../errors.ts';

/** Puts announcements on the event bus with this name in this account. */
export function createEventBus(bus: string, client = new EventBridgeClient()): Channel {
  return {
    name: 'event',
    async deliver({ source, detail, 'detail-type': detailType }) {
      const what = { Source: source, DetailType: detailType, Detail: JSON.stringify(detail) };
      const entry = { EventBusName: bus, ...what };
      const { Entries = [] } = await put(client, new PutEventsCommand({ Entries: [entry] }));
      // PutEvents reports a rejected event in its entries; the call itself succeeds.
      const failed = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
      if (failed !== undefined) {
        throw new AnnouncementUnavailable(`EventBridge did not accept the event: ${failed.ErrorCode}.`);
      }
    },
  };
}

async function put(client: EventBridgeClient, command: PutEventsCommand) {
  try {
    return await client.send(command);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    throw new AnnouncementUnavailable(`EventBridge did not accept the event: ${name}.`, { cause: error });
  }
}
