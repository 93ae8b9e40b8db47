declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';
  function request(
    this: Dispatcher,
    options: {
      origin: string;
      path: string;
      method: 'GET' | 'POST' | 'PUT' | 'DELETE';
      headers: Readonly<Record<string, string>>;
      body: string | AsyncIterable<Uint8Array> | null;
    },
  ): Promise<Dispatcher.ResponseData>;
  export default request;
}

declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}

declare module 'undici/lib/core/errors.js' {
  import { errors } from 'undici';
  export default errors;
}
