import { createHmac } from 'node:crypto';
import type { Clock } from '../edges.ts';
import type { Channel } from './channel.ts';
import { AnnouncementUnavailable, AnnouncementRejected } from '../errors.ts';

export interface WebhookOptions {
  readonly url: string;
  /** The signing secret; asked for with every delivery, so that a rotated one is used. */
  readonly secret: () => Promise<string>;
  readonly clock: Clock;
}

/** How long a receiver may take; it should take the message in and work on it later. */
const TIMEOUT_MS = 10_000;

/** Posts announcements to an address, signed so that the receiver knows who sent them and when. */
export function createWebhook({ url, secret, clock }: WebhookOptions): Channel {
  return {
    name: 'webhook',
    async tell(event) {
      const body = JSON.stringify(event);
      const timestamp = String(Math.floor(clock.now() / 1_000));
      const headers = {
        'content-type': 'application/json',
        'x-nightshift-id': event.detail.id,
        'x-nightshift-timestamp': timestamp,
        'x-nightshift-signature': `sha256=${sign(await secret(), timestamp, body)}`,
      };
      judge(await post(url, headers, body));
    },
  };
}

/** HMAC-SHA256 over `timestamp.body`, as hex. */
function sign(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

/** @returns the status. A redirect is not followed: what is signed goes to the address that was configured. */
async function post(url: string, headers: Record<string, string>, body: string): Promise<number> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    const { name, cause } = error as Error;
    const code = (cause as { readonly code?: string } | undefined)?.code ?? name;
    throw new AnnouncementUnavailable(`The webhook did not answer (${code}).`, { cause: error });
  }
}

/** Codes besides 5xx with which a receiver asks for another try. */
const TRY_AGAIN: readonly number[] = [408, 425, 429];

function judge(status: number): void {
  if (status >= 200 && status < 300) return;
  if (status >= 500 || TRY_AGAIN.includes(status)) {
    throw new AnnouncementUnavailable(`The webhook answered ${status}.`);
  }
  throw new AnnouncementRejected(
    `The webhook answered ${status}. Check its address, and that it verifies with the secret it is signed with.`,
  );
}
