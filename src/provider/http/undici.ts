/**
 * Imports only the used files of undici: its root would add fetch, caches and web sockets to every bundle, 500 KB of 1.3 MB.
 * Pinned by `package-lock.json`; the client's tests run through them.
 */
import type { Agent as AgentClass, Dispatcher, errors as undiciErrors } from 'undici';
import apiRequest from 'undici/lib/api/api-request.js';
import agentClass from 'undici/lib/dispatcher/agent.js';
import errorClasses from 'undici/lib/core/errors.js';

export const Agent: typeof AgentClass = agentClass;
export type Agent = AgentClass;
export const errors: typeof undiciErrors = errorClasses;

export type Answer = Dispatcher.ResponseData;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array> | null;
  /** Longest wait for headers and between two pieces of the body, in milliseconds. Replaces the agent's timeouts. */
  readonly silentMs?: number | undefined;
  /** Aborts the call and its answer. */
  readonly signal: AbortSignal;
}

/** Sends one request on an agent's connections. */
export function request(
  agent: Agent,
  url: URL,
  { method, headers, body, silentMs, signal }: HttpRequest,
): Promise<Answer> {
  const { origin, pathname, search } = url;
  const timeouts = silentMs === undefined ? {} : { headersTimeout: silentMs, bodyTimeout: silentMs };
  const path = `${pathname}${search}`;
  return apiRequest.call(agent, { origin, path, method, headers, body, signal, ...timeouts });
}
