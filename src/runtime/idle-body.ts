/** The used fields of a request from API Gateway (payload format 2.0). */
interface HttpEvent {
  readonly body?: string | null | undefined;
  readonly requestContext: { readonly http: { readonly method: string } };
}

/**
 * Removes the body of a GET or HEAD request: it has no meaning, and a Fetch `Request` must not have one. Returns other events
 * unchanged.
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
