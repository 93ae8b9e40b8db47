import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html } from '../../../src/report/page/html.ts';
import { renderPage } from '../../../src/report/page/page.ts';
import { clip, visible } from '../../../src/report/page/text.ts';
import { HOSTILE_TEXTS } from '../hostile.ts';

/** Pieces of markup and style, and other texts. */
const piece = fc.oneof(
  fc.constantFrom(
    ...HOSTILE_TEXTS,
    '<',
    '>',
    '"',
    "'",
    '&',
    '</',
    '<!--',
    '-->',
    ']]>',
    '`',
    '${',
    '&#60;',
    '&lt',
  ),
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 0, max: 0xff_ff }).map((code) => String.fromCharCode(code)),
);
const anyText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

/** Decodes the character references that pages use, as a browser does. */
function unescaped(markup: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return markup.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => named[name] ?? '');
}

describe('a text in a page', () => {
  test('has no character that could end its element or its attribute', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(html`${text}`.toString()).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
  });

  test('is read as the original text, except for invisible characters', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(unescaped(html`${text}`.toString())).toBe(visible(text));
      }),
    );
  });

  test('is escaped in a list, in a list of lists and in an attribute, too', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = html`${text}`.toString();
        expect(html`<p title="${text}">${[text, [text]]}</p>`.toString()).toBe(
          `<p title="${escaped}">${escaped}${escaped}</p>`,
        );
      }),
    );
  });

  test('changes only its own place in the page', () => {
    const pageWith = (text: string): string =>
      renderPage({ title: text, header: html`${text}`, main: html`<p>${text}</p>`, footer: html`` });
    const [before, between, behind, end] = pageWith('\u{1F5FF}').split('\u{1F5FF}');
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = html`${text}`.toString();
        expect(pageWith(text)).toBe([before, between, behind, end].join(escaped));
      }),
    );
  });
});

describe('visible text', () => {
  test('has no control characters, direction marks, separators or lone surrogates', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = visible(text);
        expect(shown.replaceAll(/[\t\n]/g, '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\uFEFF]/u);
        expect(shown.isWellFormed()).toBe(true);
        expect(visible(shown)).toBe(shown);
      }),
    );
  });

  test('keeps the invisible characters that scripts and emoji need', () => {
    const text = '👩‍🚀 می‌خواهم\tनमस्ते\nLübeck 漢字';
    expect(visible(text)).toBe(text);
  });
});

describe('a clipped text', () => {
  test('has a limited number of bytes in the page, and is the start of the text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 60 }), (text, most) => {
        const clipped = clip(text, most);
        const cut = clipped.endsWith('…') && clipped !== visible(text);
        const start = cut ? clipped.slice(0, -1) : clipped;
        expect(Buffer.byteLength(html`${start}`.toString())).toBeLessThanOrEqual(most);
        expect(visible(text).startsWith(start)).toBe(true);
        if (!cut) expect(clipped).toBe(visible(text));
      }),
    );
  });

  test('is cut only if it is too long', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdef', 5)).toBe('abcde…');
    expect(clip('<<<', 8)).toBe('<<…');
    expect(clip('漢漢', 5)).toBe('漢…');
    expect(clip('😀😀', 4)).toBe('😀…');
  });
});
