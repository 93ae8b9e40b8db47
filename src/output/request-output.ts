import { CHAT } from '../endpoints/chat.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { RESPONSES } from '../endpoints/responses.ts';
import { InvalidRequest } from '../errors.ts';

/** A profile's requirements for its answers. */
export interface OutputRequest {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly name?: string | undefined;
  readonly strict?: boolean | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/**
 * Adds to a profile's body the parameter that requests JSON of a schema.
 * @throws InvalidRequest when the endpoint has no such parameter, or the body already sets it
 */
export function withOutput(body: Body, output: OutputRequest | undefined, path: string): Body {
  if (output === undefined) return body;
  const { schema, name = 'answer', strict = false } = output;
  const format = { name, schema, ...(strict && { strict }) };
  const endpoint = endpointAt(path);
  if (endpoint === CHAT) {
    rejectTwice(body, 'response_format');
    return { ...body, response_format: { type: 'json_schema', json_schema: format } };
  }
  if (endpoint === RESPONSES) {
    rejectTwice(body, 'text');
    return { ...body, text: { format: { type: 'json_schema', ...format } } };
  }
  throw new InvalidRequest(`"output" is for chat and responses; ${path} has no such answers.`);
}

function rejectTwice(body: Body, parameter: string): void {
  if (body[parameter] !== undefined)
    throw new InvalidRequest(`Give "output" or "body.${parameter}", not both.`);
}
