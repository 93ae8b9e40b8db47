import { RowRejected } from './ask.ts';
import { CHAT } from './chat.ts';
import { COMPLETIONS } from './completions.ts';
import { EMBEDDINGS } from './embeddings.ts';
import type { Endpoint } from './endpoint.ts';
import { IMAGES } from './images.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { RERANK } from './rerank.ts';
import { RESPONSES } from './responses.ts';
import { SPEECH } from './speech.ts';

/** All endpoints with rules. To add one, write a file beside these and add it to this list. */
const ENDPOINTS: readonly Endpoint[] = [CHAT, EMBEDDINGS, COMPLETIONS, RESPONSES, IMAGES, SPEECH, RERANK];

/** The endpoint at a path. An unknown endpoint accepts any body and shows any body. */
export function endpointAt(path: string): Endpoint {
  return ENDPOINTS.find((endpoint) => endpoint.path.test(path)) ?? unknownAt(path);
}

function unknownAt(path: string): Endpoint {
  return {
    path: /$/,
    fields: new Set(['prompt', 'system', 'messages', 'input']),
    parameters: CHAT_PARAMETERS,
    takesSystem: false,
    ask: () => {
      throw new RowRejected('INVALID_BODY', `Rows for ${path} must have a "body".`);
    },
    show: (body) => ({ body }),
  };
}
