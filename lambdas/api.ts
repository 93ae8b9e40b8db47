import { handle } from 'hono/aws-lambda';
import { createApi } from '../src/api/app.ts';
import { callerOf } from '../src/api/caller.ts';
import { requireVariables } from '../src/runtime/environment.ts';
import { withoutIdleBody } from '../src/runtime/idle-body.ts';
import { startEdgesFromEnvironment } from '../src/runtime/start-edges.ts';
import { openLinks } from '../src/store/open-store.ts';

type Serve = ReturnType<typeof handle>;

let serve: Serve | undefined;

/** Opens the API. Called with the first request, so that the log of that request reports missing settings. */
function openApi(): Serve {
  const { STORE } = requireVariables(process.env, ['STORE']);
  const api = createApi({
    ...startEdgesFromEnvironment(process.env),
    links: openLinks(STORE),
    caller: (c) => callerOf((c.env as { event: unknown }).event),
  });
  return handle(api);
}

export const handler: Serve = (event, context) => {
  serve ??= openApi();
  return serve(withoutIdleBody(event), context);
};
