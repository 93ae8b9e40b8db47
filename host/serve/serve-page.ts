import type { Context } from 'hono';
import { LIVE_POLICY } from '../../src/report/page/page.ts';

/** Sends a page, with its policy as a header. */
export function servePage(c: Context, page: string): Response {
  return c.html(page, 200, {
    'cache-control': 'no-store',
    'content-security-policy': LIVE_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}
