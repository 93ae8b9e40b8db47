import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { errorBody, type Spoken } from './dialects.ts';
import type { RouteAction } from './faults.ts';

/** The values that the Node server passes with a request; faults need its socket. */
export interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Applies a fault to a call: instead of executing it, or afterwards. */
export async function strike(
  action: RouteAction | undefined,
  spoken: Spoken,
  c: Context<{ Bindings: NodeBindings }>,
  handle: () => Promise<Response>,
): Promise<Response> {
  if (action === undefined) return handle();
  switch (action.kind) {
    case 'status': {
      if (action.when === 'after') {
        const answer = await handle();
        if (isSent(answer)) return answer;
      } else await drain(c);
      const { status, code = `HTTP_${status}`, message = 'The simulator was told to.', retryAfter } = action;
      const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
      return Response.json(errorBody(spoken, code, message), { status, ...(headers && { headers }) });
    }
    case 'reset': {
      const answer = action.when === 'after' ? await handle() : undefined;
      c.env.incoming.socket.destroy();
      return answer !== undefined && isSent(answer) ? answer : new Response(null, { status: 500 });
    }
    case 'html':
      await drain(c);
      return new Response('<html><body>502 Bad Gateway</body></html>', {
        status: 502,
        headers: { 'content-type': 'text/html' },
      });
    case 'empty': {
      const answer = await handle();
      return isSent(answer) ? answer : new Response('', { status: 200 });
    }
    case 'truncated': {
      const answer = await handle();
      if (isSent(answer)) return answer;
      const text = await answer.text();
      return new Response(text.slice(0, Math.floor(text.length / 2)), { status: 200 });
    }
  }
}

/** Reads the request's body to its end, so that the client gets the answer and not a broken pipe. */
async function drain({ env }: Context<{ Bindings: NodeBindings }>): Promise<void> {
  env.incoming.resume();
  if (!env.incoming.readableEnded) await once(env.incoming, 'end');
}

/** True if another fault has already ended this answer. */
function isSent(answer: Response): boolean {
  return answer.headers.has('x-hono-already-sent');
}
