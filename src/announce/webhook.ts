import { createHmac } from 'node:crypto';
import type { Clock } from '../edges.ts';
import type { Channel } from './channel.ts';
import { AnnouncementUnavailable, AnnouncementRejected } from '../errors.ts';

export interface WebhookOptions {
  readonly url: string;
  /** Reads the signing secret. Called for every delivery, so that a rotated secret takes effect. */
  readonly secret: () => Promise<string>;
  readonly clock: Clock;
}

/** Timeout of one delivery. A receiver should store the message and process it later. */
const TIMEOUT_MS = 10_000;

/** Posts announcements to a URL, signed so that the receiver can verify sender and time. */
export function createWebhook({ url, secret, clock }: WebhookOptions): Channel {
  return {
    name: 'webhook',
    async deliver(event) {
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

/**
 * Sends the message.
 * @returns the HTTP status. Redirects are not followed: a signed message goes only to the configured URL.
 */
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

/** Statuses, besides 5xx, after which the announcement is retried. */
const TRY_AGAIN: readonly number[] = [408, 425, 429];

function judge(status: number): void {
  if (status >= 200 && status < 300) return;
  if (status >= 500 || TRY_AGAIN.includes(status)) {
    throw new AnnouncementUnavailable(`The webhook answered ${status}.`);
  }
  throw new AnnouncementRejected(
    `The webhook answered ${status}. Check its URL, and that it verifies with the same signing secret.`,
  );
}
