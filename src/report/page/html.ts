import { html as template, raw } from 'hono/html';
import { visible } from './text.ts';

/** Markup that is safe to put into a page as it is. */
export type Html = ReturnType<typeof raw>;

export type HtmlValue = string | number | undefined | false | Html | readonly HtmlValue[];

/** Every string that is put in is text: its markup is escaped, and characters that could not be seen are written out. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // It answers with a promise only when it is given one.
  return template(withoutIndents(strings), ...values.map(seen)) as Html;
}

/** The indents of our source are nothing to the page, and a fifth of its bytes. */
function withoutIndents(strings: TemplateStringsArray): TemplateStringsArray {
  const short = strings.map((each) => each.replace(/\s*\n\s*/g, '\n'));
  return Object.assign(short, { raw: short });
}

function seen(value: HtmlValue): HtmlValue {
  if (typeof value === 'string') return visible(value);
  return Array.isArray(value) ? (value as readonly HtmlValue[]).map(seen) : value;
}

/** Text of ours alone: style, script. */
export { raw as ownMarkup };
