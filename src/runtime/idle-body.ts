/** A request as API Gateway hands it to a function (payload format 2.0), as far as it matters here. */
interface HttpEvent {
  readonly body?: string | null | undefined;
  readonly requestContext: { readonly http: { readonly method: string } };
}

/**
 * The event without the body of a GET or HEAD: it has no meaning there, and a `Request` of the Fetch standard cannot
 * have one. Other events are returned as they are.
 */
export function withoutIdleBody<Event>(event: Event): Event {
  if (!isHttpEvent(event) || !['GET', 'HEAD'].includes(event.requestContext.http.method)) return event;
  const { body: _body, ...rest } = event;
  return rest as Event;
}

function isHttpEvent(event: unknown): event is HttpEvent {
  const { requestContext } = (event ?? {}) as Partial<HttpEvent>;
  return typeof requestContext?.http?.method === 'string';
}
