import { createHash } from 'node:crypto';
import { html, ownMarkup, type Html } from './html.ts';
import { ACTION_SCRIPT } from './live-script.ts';
import { FILTER_SCRIPT, LIVE_SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface Page {
  readonly title: string;
  readonly header: Html;
  readonly main: Html;
  readonly footer: Html;
  /**
   * Set for a page that a host serves: true if its content may change, so that the page reloads it. Absent for a file, which
   * loads nothing.
   */
  readonly live?: boolean;
}

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const SCRIPTS = { file: FILTER_SCRIPT, live: FILTER_SCRIPT + LIVE_SCRIPT + ACTION_SCRIPT } as const;

/**
 * The content security policy of a page: it loads, sends and frames nothing. Only our own style and script run, allowed by their
 * hashes.
 */
function policyOf(kind: keyof typeof SCRIPTS): string {
  const connect = kind === 'live' ? ["connect-src 'self'"] : [];
  return [
    "default-src 'none'",
    `style-src ${sha256(STYLE)}`,
    `script-src ${sha256(SCRIPTS[kind])}`,
    ...connect,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

const POLICIES = { file: policyOf('file'), live: policyOf('live') } as const;

/** The policy of served pages as a header, which can also forbid framing. */
export const LIVE_POLICY = `${POLICIES.live}; frame-ancestors 'none'`;

/** Renders a whole document. */
export function renderPage({ title, header, main, footer, live }: Page): string {
  const kind = live === undefined ? 'file' : 'live';
  const dataLive = live === true ? ownMarkup(' data-live="yes"') : '';
  return html`<!doctype html>
    <html lang="en" ${dataLive}>
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${ownMarkup(POLICIES[kind])}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${ownMarkup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>${header}</header>
        <main id="main">${main}</main>
        <footer>${footer}</footer>
        ${ownMarkup(`<script>${SCRIPTS[kind]}</script>`)}
      </body>
    </html> `.toString();
}
