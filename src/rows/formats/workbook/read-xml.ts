import { SaxesParser } from 'saxes';
import { InvalidInput } from '../../../errors.ts';

/** Callbacks for an XML document while it streams; names have no prefixes. */
export interface XmlHandler {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Reads XML chunk by chunk; yields after each, so that the caller can process what was found. */
export async function* readXml(
  chunks: AsyncIterable<Buffer>,
  handler: XmlHandler,
  name: string,
): AsyncGenerator<void> {
  const parser = new SaxesParser();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  parser.on('error', (error) => {
    throw new InvalidInput(`${name} is not a complete workbook: ${error.message}.`);
  });
  parser.on('opentag', ({ name: tag, attributes }) => {
    const plain = Object.entries(attributes).map(([key, value]) => [localName(key), value]);
    handler.open?.(localName(tag), Object.fromEntries(plain) as Record<string, string>);
  });
  parser.on('text', (text) => handler.text?.(text));
  parser.on('cdata', (text) => handler.text?.(text));
  parser.on('closetag', ({ name: tag }) => handler.close?.(localName(tag)));
  for await (const chunk of chunks) {
    parser.write(decoder.decode(chunk, { stream: true }));
    yield;
  }
  parser.write(decoder.decode());
  parser.close();
  yield;
}

/** {@link readXml} for a small part. */
export async function readAllXml(
  chunks: AsyncIterable<Buffer>,
  handler: XmlHandler,
  name: string,
): Promise<void> {
  for await (const _ of readXml(chunks, handler, name));
}
