import { createScrub, type Scrub } from './scrub-secrets.ts';
import { scrubStream } from './scrub-stream.ts';

/**
 * Every secret that was sent to a provider, which is taken out of whatever it answers: an error message, an HTML page, a header, a file.
 * A key that was rotated may still come back.
 */
export class SentSecrets {
  readonly #secrets = new Set<string>();
  #scrub: Scrub = (text) => text;

  /** @returns the secret, which is about to be sent */
  add(secret: string): string {
    if (this.#secrets.has(secret)) return secret;
    this.#secrets.add(secret);
    this.#scrub = createScrub([...this.#secrets]);
    return secret;
  }

  scrub(text: string): string {
    return this.#scrub(text);
  }

  scrubFile(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    return scrubStream(chunks, [...this.#secrets]);
  }
}
