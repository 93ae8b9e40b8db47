import type { Hono } from 'hono';
import type { AppContext, AppOptions } from './app-options.ts';
import { codeOf, type Rejection } from './codes.ts';
import { errorBody } from './dialects.ts';
import type { Route } from './faults.ts';
import { strike, type NodeBindings } from './strike.ts';

type Handler = (c: AppContext) => Promise<Response>;

export type App = Hono<{ Bindings: NodeBindings }>;

type ErrorStatus = 400 | 401 | 404 | 405 | 409 | 413 | 429;

/** An error answer to a call: status, code and message. */
export type ErrorAnswer = readonly [status: ErrorStatus, code: string | null, message: string];

/** The common inputs of every adapter's routes. */
export interface Api extends AppOptions {
  readonly app: App;
  /** A route to which the script's faults apply. */
  readonly route: (name: Route, handle: Handler) => Handler;
  readonly reject: (c: AppContext, ...answer: ErrorAnswer) => Response;
  readonly notFound: (c: AppContext, what: string) => Response;
  /** The provider's code for a rejection. */
  readonly codes: (rejection: Rejection) => string | null;
}

export function openApi(app: App, options: AppOptions): Api {
  const { script, spoken } = options;
  const reject: Api['reject'] = (c, status, code, message) =>
    c.json(errorBody(spoken, code, message) as object, status);
  const codes: Api['codes'] = (rejection) => codeOf(rejection, spoken);
  return {
    ...options,
    app,
    codes,
    reject,
    notFound: (c, what) => reject(c, 404, codes('not found'), `No such ${what}.`),
    route: (name, handle) => (c) => strike(script.forRoute(name), spoken, c, () => handle(c)),
  };
}
