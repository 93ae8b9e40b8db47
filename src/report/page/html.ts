import { html as template, raw } from 'hono/html';
import { visible } from './text.ts';

/** Markup that is safe to insert into a page. */
export type Html = ReturnType<typeof raw>;

export type HtmlValue = string | number | undefined | false | Html | readonly HtmlValue[];

/**
 * Builds markup from a template. Every inserted string is text: its markup is escaped, and invisible characters are shown as
 * codes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // The result is a promise only if a value is a promise.
  return template(withoutIndents(strings), ...values.map(seen)) as Html;
}

/** Removes the indentation of our source, which is a fifth of the page's bytes. */
function withoutIndents(strings: TemplateStringsArray): TemplateStringsArray {
  const short = strings.map((each) => each.replace(/\s*\n\s*/g, '\n'));
  return Object.assign(short, { raw: short });
}

function seen(value: HtmlValue): HtmlValue {
  if (typeof value === 'string') return visible(value);
  return Array.isArray(value) ? (value as readonly HtmlValue[]).map(seen) : value;
}

/** Marks a text as markup. Only for our own text: style and script. */
export { raw as ownMarkup };
