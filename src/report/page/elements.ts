import { moment } from './text.ts';
import { html, type Html, type HtmlValue } from './html.ts';

/** Elements that the sections of a page share. */

export function section(id: string, title: string, content: HtmlValue): Html {
  return html`<section aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`;
}

export function part(id: string, content: HtmlValue): Html {
  return html`<div id="${id}" data-part>${content}</div>`;
}

/** A table that may be wider than a phone's screen. It can be scrolled separately, also by keyboard. */
export function wideTable(id: string, name: string, content: HtmlValue): Html {
  return html`<div class="scroll" id="${id}" data-part tabindex="0" role="region" aria-label="${name}">
    ${content}
  </div>`;
}

/** Title of a table's column; numbers are aligned right. */
export type TableColumn = string | { readonly number: string };

/** A table with a caption, columns, and rows as elements. */
export function tableOf(caption: HtmlValue, columns: readonly TableColumn[], rows: readonly Html[]): Html {
  return html`<table>
    ${
      caption !== '' &&
      html`<caption>
        ${caption}
      </caption>`
    }
    <thead>
      <tr>
        ${columns.map((column) => (typeof column === 'string' ? html`<th scope="col">${column}</th>` : html`<th scope="col" class="number">${column.number}</th>`))}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** A text from outside, shown with its own line ends and direction. */
export function words(text: string): Html {
  return html`<span class="words">${text}</span>`;
}

/** A time, readable by people and programs. */
export function time(iso: string): Html {
  return html`<time datetime="${iso}">${moment(iso)}</time>`;
}
