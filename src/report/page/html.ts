import { html as template, raw } from 'hono/html';
import { visible } from './text.ts';

/** Markup that is safe to insert into a page. */
export type Html = ReturnType<typeof raw>;

export type HtmlValue = string | number | undefined | false | Html | readonly HtmlValue[];

/** Every inserted string is text: its markup is escaped, and invisible characters are written out. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // It returns a promise only if a value is one.
  return template(withoutIndents(strings), ...values.map(seen)) as Html;
}

/** The indentation of our source is useless in the page, and a fifth of its bytes. */
function withoutIndents(strings: TemplateStringsArray): TemplateStringsArray {
  const short = strings.map((each) => each.replace(/\s*\n\s*/g, '\n'));
  return Object.assign(short, { raw: short });
}

function seen(value: HtmlValue): HtmlValue {
  if (typeof value === 'string') return visible(value);
  return Array.isArray(value) ? (value as readonly HtmlValue[]).map(seen) : value;
}

/** For our own text only: style and script. */
export { raw as ownMarkup };
